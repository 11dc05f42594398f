// What the manifest gives a module: config values, secrets, capabilities.

import {
  ConfigReply, ConfigRequest, core_config, core_secret, core_supports, SecretReply, SecretRequest, SupportsReply, SupportsRequest,
} from "./abi";
import { Reply } from "./host";
import { Writer } from "./msgpack";
import { Result } from "./result";
import { Value } from "./value";

/**
 * A value of the module's config table; dots reach into nested tables, an empty key gives the whole table. For an absent
 * key the code is NOT_FOUND.
 */
export function config(key: string): Result<Value> {
  const record = new ConfigRequest();
  record.key = key;
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  return configResult(reply.settle(core_config(w.pointer, w.length, reply.pointer, reply.capacity)));
}

export function configResult(reply: Reply): Result<Value> {
  if (reply.code < 0) return new Result(Value.nil(), reply.code, reply.text);
  return new Result(ConfigReply.read(reply.reader()).value);
}

/** A secret that the manifest grants to this module. */
export function secret(name: string): Result<Uint8Array> {
  const record = new SecretRequest();
  record.name = name;
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  return secretResult(reply.settle(core_secret(w.pointer, w.length, reply.pointer, reply.capacity)));
}

export function secretResult(reply: Reply): Result<Uint8Array> {
  if (reply.code < 0) return new Result(new Uint8Array(0), reply.code, reply.text);
  return new Result(SecretReply.read(reply.reader()).value);
}

/** Asks what this host offers of a capability, such as "fetch". */
export function supports(capability: string): Result<SupportsReply> {
  const record = new SupportsRequest();
  record.capability = capability;
  const w = new Writer();
  record.write(w);
  const reply = new Reply();
  return supportsResult(reply.settle(core_supports(w.pointer, w.length, reply.pointer, reply.capacity)));
}

export function supportsResult(reply: Reply): Result<SupportsReply> {
  if (reply.code < 0) return new Result(new SupportsReply(), reply.code, reply.text);
  return new Result(SupportsReply.read(reply.reader()));
}
