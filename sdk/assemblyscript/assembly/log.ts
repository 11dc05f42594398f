// Log records with a level and fields.

import { core_log, LogLevel, LogRecord } from "./abi";
import { Writer } from "./msgpack";
import { Value } from "./value";

/** Writes log records. Logging never fails a call: a record that the host refuses is dropped. */
export class Log {
  static write(level: LogLevel, message: string, fields: Value = Value.nil()): void {
    const record = new LogRecord();
    record.level = level;
    record.message = message;
    record.fields = fields;
    const w = new Writer();
    record.write(w);
    core_log(w.pointer, w.length, 0, 0);
  }

  static trace(message: string, fields: Value = Value.nil()): void {
    Log.write(LogLevel.TRACE, message, fields);
  }

  static debug(message: string, fields: Value = Value.nil()): void {
    Log.write(LogLevel.DEBUG, message, fields);
  }

  static info(message: string, fields: Value = Value.nil()): void {
    Log.write(LogLevel.INFO, message, fields);
  }

  static warn(message: string, fields: Value = Value.nil()): void {
    Log.write(LogLevel.WARN, message, fields);
  }

  static error(message: string, fields: Value = Value.nil()): void {
    Log.write(LogLevel.ERROR, message, fields);
  }
}
