// Routing inside a module.

import { Request } from "./request";
import { Response } from "./response";
import { Form, percentDecode } from "./text";

/** What answers a request. */
export type Handler = (request: Request) => Response;

/** One part of a pattern between slashes. */
class Segment {
  /** The text to match, or the wildcard's name. */
  readonly text: string;
  readonly isWildcard: bool;
  readonly isRest: bool;

  constructor(pattern: string) {
    const wildcard = pattern.startsWith("{") && pattern.endsWith("}");
    const rest = wildcard && pattern.endsWith("...}");
    this.text = wildcard ? pattern.substring(1, pattern.length - (rest ? 4 : 1)) : pattern;
    this.isWildcard = wildcard;
    this.isRest = rest;
  }
}

class Route {
  readonly segments: Segment[] = [];

  constructor(readonly method: string, pattern: string, readonly handler: Handler) {
    const parts = pattern.split("/");
    for (let i = 0; i < parts.length; i++) this.segments.push(new Segment(parts[i]));
  }

  /** Compares the segments of a path with the pattern, and notes what the wildcards matched. */
  matches(path: string[], params: Form): bool {
    const own = this.segments;
    for (let i = 0; i < own.length; i++) {
      const segment = own[i];
      if (i >= path.length) return false;
      if (segment.isRest) {
        params.names.push(segment.text);
        params.values.push(percentDecode(path.slice(i).join("/"), false));
        return true;
      }
      if (segment.isWildcard) {
        if (!path[i].length) return false;
        params.names.push(segment.text);
        params.values.push(percentDecode(path[i], false));
      } else if (segment.text != path[i] && segment.text != percentDecode(path[i], false)) return false;
    }
    return own.length == path.length;
  }
}

/**
 * Chooses the handler: the first route, in the order of adding, whose method and pattern match. Without a match it
 * answers 405 with `allow` when another method would match, else 404.
 *
 * In a pattern, `{name}` matches one path segment and `{name...}` at its end the whole rest; what they matched is in
 * Request.param, percent-decoded.
 */
export class Router {
  private routes: Route[] = [];
  private fallback: Handler | null = null;

  /** Adds a route for a method. */
  route(method: string, pattern: string, handler: Handler): Router {
    this.routes.push(new Route(method, pattern, handler));
    return this;
  }

  /** Adds a route for GET, which also answers HEAD. */
  get(pattern: string, handler: Handler): Router {
    return this.route("GET", pattern, handler);
  }

  post(pattern: string, handler: Handler): Router {
    return this.route("POST", pattern, handler);
  }

  put(pattern: string, handler: Handler): Router {
    return this.route("PUT", pattern, handler);
  }

  patch(pattern: string, handler: Handler): Router {
    return this.route("PATCH", pattern, handler);
  }

  delete(pattern: string, handler: Handler): Router {
    return this.route("DELETE", pattern, handler);
  }

  /** Answers whatever no route matches, in place of 404 and 405. */
  otherwise(handler: Handler): Router {
    this.fallback = handler;
    return this;
  }

  /** Answers a request. */
  handle(request: Request): Response {
    const method = request.method == "HEAD" ? "GET" : request.method;
    const path = request.path.split("/");
    let allow = "";
    for (let i = 0; i < this.routes.length; i++) {
      const route = this.routes[i];
      request.own.clear();
      if (!route.matches(path, request.own)) continue;
      if (route.method == method || route.method == request.method) return route.handler(request);
      allow += allow.length ? ", " + route.method : route.method;
    }
    request.own.clear();
    const fallback = this.fallback;
    if (fallback) return fallback(request);
    if (!allow.length) return Response.problem(404, "no route matches the path");
    return Response.problem(405, "the path has no route for this method").header("allow", allow);
  }
}
