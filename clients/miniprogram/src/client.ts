// The API as typed calls: signed in, each write under a kept key, repeated where that is safe.
import { dropKey, takeKey } from "./keys";
import { Problem } from "./problem";
import { Session } from "./session";
import type {
  Answer,
  ItemsOf,
  Method,
  Operation,
  Options,
  PagedPath,
  PathOf,
  Rest,
  Result,
  Schemas,
  WriteOptions,
} from "./types";
import { pause, Wire, type Language, type Outgoing, type Reply } from "./wire";

export interface Settings {
  /** `https://api.example.cn`, as whitelisted for the mini-program. */
  baseUrl: string;
  /** The language of problems' texts. */
  language?: Language;
}

const TRIES = 4;
const FIRST_PAUSE_MS = 1_000;
/** Longer than this nobody is kept waiting: the problem says how long, and the caller decides. */
const PATIENCE_S = 20;

type Given = { path?: object; query?: object; body?: unknown } & WriteOptions;
type Answered<M extends Method, P extends PathOf<M>> = Promise<Answer<Result<Operation<M, P>>>>;
type Args<M extends Method, P extends PathOf<M>> = Options<Operation<M, P>>;

export class Client {
  readonly language: Language;
  readonly session: Session;
  private readonly wire: Wire;

  constructor({ baseUrl, language = "zh" }: Settings) {
    this.language = language;
    this.wire = new Wire(baseUrl.replace(/\/+$/, ""), language);
    this.session = new Session(this.wire);
  }

  /** Reads. Throws Problem. */
  async get<P extends PathOf<"get">>(path: P, ...[options]: Rest<Args<"get", P>>): Answered<"get", P> {
    const given: Given = options ?? {};
    return answer(await this.settle({ method: "GET", path: filled(path, given) }));
  }

  /** Writes, once, however often it is sent. Throws Problem. */
  post<P extends PathOf<"post">>(
    path: P,
    ...[options]: Rest<Args<"post", P> & WriteOptions>
  ): Answered<"post", P> {
    return this.write("POST", path, options ?? {});
  }

  /** As `post`. */
  put<P extends PathOf<"put">>(
    path: P,
    ...[options]: Rest<Args<"put", P> & WriteOptions>
  ): Answered<"put", P> {
    return this.write("PUT", path, options ?? {});
  }

  /** As `post`. */
  delete<P extends PathOf<"delete">>(
    path: P,
    ...[options]: Rest<Args<"delete", P> & WriteOptions>
  ): Answered<"delete", P> {
    return this.write("DELETE", path, options ?? {});
  }

  /** Moves a case on from the version that was read; 412 `stale_version` when it has moved since. */
  move(read: Answer<Schemas["CaseOut"]>, body: Schemas["CaseMoveDraft"]): Promise<Answer<Schemas["CaseOut"]>> {
    const path = { case_id: read.data.id };
    return this.post("/v1/cases/{case_id}/moves", { path, body, ifMatch: read.etag });
  }

  /** Uploads one photo from a local file; its id goes into a report within a day. */
  upload(file: string, key?: string): Promise<Answer<Schemas["PhotoOut"]>> {
    return this.keyed({ method: "POST", path: "/v1/photos", file }, `photo ${file}`, { key });
  }

  /** A list's pages, each asked for when it is wanted: `for await (const items of client.pages(..))`. */
  async *pages<P extends PagedPath>(path: P, ...[options]: Rest<Args<"get", P>>): AsyncGenerator<ItemsOf<P>> {
    const given: Given = options ?? {};
    let cursor: string | null | undefined;
    do {
      const query = { ...given.query, ...(cursor ? { cursor } : {}) };
      const reply = await this.settle({ method: "GET", path: filled(path, { ...given, query }) });
      const page = reply.data as { items: ItemsOf<P>; next_cursor: string | null };
      yield page.items;
      cursor = page.next_cursor;
    } while (cursor);
  }

  private write<T>(method: Outgoing["method"], template: string, given: Given): Promise<Answer<T>> {
    const path = filled(template, given);
    const { body, ifMatch } = given;
    const header = ifMatch ? { "If-Match": ifMatch } : undefined;
    const intent = [method, path, ifMatch ?? "", JSON.stringify(body) ?? ""].join(" ");
    return this.keyed({ method, path, body, header }, intent, given);
  }

  /** Sends under the caller's key, or under one that is kept until the answer is had. */
  private async keyed<T>(call: Outgoing, what: string, { key: own }: WriteOptions): Promise<Answer<T>> {
    const intent = `${this.session.person?.id} ${what}`;
    const key = own ?? takeKey(intent);
    try {
      const reply = await this.settle({ ...call, header: { ...call.header, "Idempotency-Key": key } });
      dropKey(intent, key);
      return answer(reply);
    } catch (problem) {
      if (problem instanceof Problem && problem.isFinal) dropKey(intent, key);
      throw problem;
    }
  }

  /** The success of a read or of a keyed write: both may be sent again. Throws Problem. */
  private async settle(call: Outgoing): Promise<Reply> {
    let renewed = false;
    const who = this.session.person?.id;
    for (let tries = 1; ; tries += 1) {
      const token = await this.session.token();
      // What one person began is never sent as another's.
      if (this.session.person?.id !== who) throw Problem.local("not_signed_in", this.language, 401);
      const header: Record<string, string> = { ...call.header, ...(token === null ? {} : { Authorization: `Bearer ${token}` }) };
      const reply = await this.wire.send({ ...call, header });
      if (reply.status >= 200 && reply.status < 300) return reply;
      if (reply.status === 401 && token !== null && !renewed) {
        renewed = true;
        await this.session.renew(token);
        continue;
      }
      const problem = Problem.of(reply, this.language);
      const wait = problem.retryAfterS ?? 0;
      if (!problem.isMomentary || tries >= TRIES || wait > PATIENCE_S) throw problem;
      await pause(Math.max(wait * 1000, backOff(tries)));
    }
  }
}

// 1, 2, 4 seconds, less up to a half: phones that lost the same server do not come back as one.
function backOff(tries: number): number {
  return FIRST_PAUSE_MS * 2 ** (tries - 1) * (1 - Math.random() / 2);
}

function answer<T>(reply: Reply): Answer<T> {
  const data = reply.status === 204 ? undefined : reply.data;
  return { data: data as T, etag: reply.header["etag"] ?? null };
}

/** The path with its parameters and query; what is null or undefined is left out. */
function filled(template: string, { path = {}, query = {} }: Given): string {
  const parameters = new Map<string, unknown>(Object.entries(path));
  const start = template.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(parameters.get(name))),
  );
  const pairs = Object.entries(query).flatMap(([name, value]: [string, unknown]) =>
    (Array.isArray(value) ? value : [value])
      .filter((one) => one !== null && one !== undefined)
      .map((one) => `${name}=${encodeURIComponent(String(one))}`),
  );
  return pairs.length ? `${start}?${pairs.join("&")}` : start;
}
