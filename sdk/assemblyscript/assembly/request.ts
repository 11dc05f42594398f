// The request that a handler or middleware sees.

import { HttpRequest } from "./abi";
import { Body } from "./body";
import { Headers } from "./fields";
import { Result } from "./result";
import { Form, textOf } from "./text";

/** The most bytes that Request.form reads: 1 MiB. */
export const FORM_LIMIT = 1 << 20;

/** An HTTP request. Text that is as sent says so; everything else is decoded. */
export class Request {
  /** The body, to be read as it comes or whole. */
  readonly body: Body;
  /** Names and values of the wildcards of the pattern that matched inside this module. */
  readonly own: Form = new Form();
  private queryForm: Form | null = null;

  constructor(
    /** The record as the host sent it. */
    readonly record: HttpRequest,
  ) {
    this.body = new Body(record.body, <u32>record.bodyStream, record.bodyLength);
  }

  /** The method, as sent. */
  get method(): string {
    return this.record.method;
  }

  /** The path as sent, still percent-encoded. */
  get path(): string {
    return this.record.path;
  }

  /** The headers, in the order received, repeats kept, names in lower case. Good until the handler returns. */
  get headers(): Headers {
    return this.record.headers;
  }

  /** First value of a header, in whatever case the name is given, or `otherwise`. */
  header(name: string, otherwise: string = ""): string {
    return this.record.headers.get(name, otherwise);
  }

  /** The query, decoded. */
  get query(): Form {
    let form = this.queryForm;
    if (!form) {
      form = Form.parse(this.record.query);
      this.queryForm = form;
    }
    return form;
  }

  /**
   * Value of a wildcard: of the pattern that matched inside this module, else of the host's route. Empty when neither has it.
   */
  param(name: string): string {
    return this.own.has(name) ? this.own.get(name) : this.record.params.get(name);
  }

  /** The fields of an urlencoded body of at most FORM_LIMIT bytes. */
  form(): Result<Form> {
    const body = this.body.bytes(FORM_LIMIT);
    if (!body.ok) return new Result(new Form(), body.code, body.text);
    return new Result(Form.parse(textOf(body.value.dataStart, body.value.length)));
  }
}
