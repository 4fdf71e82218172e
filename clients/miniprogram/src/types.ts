// What a path takes and answers, read from the generated document.
import type { components, paths } from "./api";

export type Schemas = components["schemas"];
/** WeChat has no PATCH, and neither has the API. */
export type Method = "get" | "post" | "put" | "delete";

type Json<B> = { content: { "application/json": B } };
type Empty = Record<never, never>;

/** The operation of a path, as the document describes it. */
export type Operation<M extends Method, P extends keyof paths> =
  paths[P] extends Record<M, infer O> ? O : never;

/** What a success answers with; undefined where there is no content. */
export type Result<O> = O extends { responses: infer R }
  ? R[keyof R] extends Json<infer B>
    ? B
    : undefined
  : never;

/** The paths that can be called so and answer JSON or nothing: files are fetched by downloadFile. */
export type PathOf<M extends Method> = {
  [P in keyof paths]: Operation<M, P> extends { responses: infer R }
    ? R[keyof R] extends Json<unknown>
      ? P
      : 204 extends keyof R
        ? P
        : never
    : never;
}[keyof paths];

type Part<O, K extends string> = O extends { parameters: infer A }
  ? K extends keyof A
    ? Pick<A, K>
    : Empty
  : Empty;

type Body<O> = O extends { requestBody: Json<infer B> }
  ? { body: B }
  : O extends { requestBody?: Json<infer B> }
    ? { body?: B }
    : Empty;

/** The path's parameters, the query and the body, where the operation has them. */
export type Options<O> = Part<O, "path"> & Part<O, "query"> & Body<O>;

/** What a write may add to them. */
export interface WriteOptions {
  /** The ETag of what was read; the write is refused (412) when it has changed since. */
  ifMatch?: string | null;
  /** A key that the caller keeps by itself; else the client makes and keeps one. */
  key?: string;
}

/** The last argument of a call: it may be left out when nothing in it is needed. */
export type Rest<T> = Empty extends T ? [options?: T] : [options: T];

/** Lists that come in pages. */
export type PagedPath = {
  [P in PathOf<"get">]: Result<Operation<"get", P>> extends { items: unknown[]; next_cursor: string | null }
    ? Operation<"get", P> extends { parameters: { query?: { cursor?: string | null } } }
      ? P
      : never
    : never;
}[PathOf<"get">];

/** One page's items. */
export type ItemsOf<P extends PagedPath> =
  Result<Operation<"get", P>> extends { items: infer I } ? I : never;

/** An answer, with the version of what it shows. */
export interface Answer<T> {
  data: T;
  etag: string | null;
}
