// Several host calls at once.

import {
  BatchCall, BatchReply, BatchRequest, BatchResult, Code, ConfigRequest, core_batch, SecretRequest, SupportsReply, SupportsRequest,
} from "./abi";
import { Fetch, Fetched, fetchResult } from "./fetch";
import { Reply } from "./host";
import { Writer } from "./msgpack";
import { Result } from "./result";
import { configResult, secretResult, supportsResult } from "./settings";
import { Value } from "./value";

/** Calls to run concurrently. Each adding method gives the call's index, to be used with Results. */
export class Batch {
  private record: BatchRequest = new BatchRequest();

  private add(capability: string, name: string, request: Writer): i32 {
    const call = new BatchCall();
    call.capability = capability;
    call.function = name;
    call.request = request.toBytes();
    return this.record.calls.push(call) - 1;
  }

  config(key: string): i32 {
    const record = new ConfigRequest();
    record.key = key;
    const w = new Writer();
    record.write(w);
    return this.add("core", "config", w);
  }

  secret(name: string): i32 {
    const record = new SecretRequest();
    record.name = name;
    const w = new Writer();
    record.write(w);
    return this.add("core", "secret", w);
  }

  supports(capability: string): i32 {
    const record = new SupportsRequest();
    record.capability = capability;
    const w = new Writer();
    record.write(w);
    return this.add("core", "supports", w);
  }

  fetch(request: Fetch): i32 {
    const w = new Writer();
    request.record.write(w);
    return this.add("fetch", "send", w);
  }

  /** Runs all calls and waits for the last. */
  run(): Result<Results> {
    const w = new Writer();
    this.record.write(w);
    const reply = new Reply();
    reply.settle(core_batch(w.pointer, w.length, reply.pointer, reply.capacity));
    if (reply.code < 0) return new Result(new Results([]), reply.code, reply.text);
    return new Result(new Results(BatchReply.read(reply.reader()).results));
  }
}

/** What the calls of a batch gave, by the index that adding gave. */
export class Results {
  constructor(private results: BatchResult[]) {}

  private reply(index: i32): Reply {
    const reply = new Reply();
    reply.code = Code.NOT_FOUND;
    reply.text = "the batch has no such call";
    if (index < 0 || index >= this.results.length) return reply;
    const result = this.results[index];
    if (result.code >= 0) return Reply.of(result.reply);
    reply.code = result.code;
    reply.text = result.error;
    return reply;
  }

  config(index: i32): Result<Value> {
    return configResult(this.reply(index));
  }

  secret(index: i32): Result<Uint8Array> {
    return secretResult(this.reply(index));
  }

  supports(index: i32): Result<SupportsReply> {
    return supportsResult(this.reply(index));
  }

  fetch(index: i32): Result<Fetched> {
    return fetchResult(this.reply(index));
  }
}
