// Refusals (RFC 9457) as one error class, with the few that the phone itself makes.
import type { Schemas } from "./types";
import type { Language, Reply } from "./wire";

export type FieldProblem = Schemas["FieldProblem"];

/** What can be kept in storage and shown later. */
export interface ProblemFacts {
  status: number;
  /** Stable; texts are for people and may change. */
  code: string;
  title: string;
  detail: string;
  requestId: string | null;
  fields: FieldProblem[];
}

const LOCAL = {
  no_answer: { zh: "网络不通，请稍后再试", en: "No answer from the network; try again later" },
  server_failed: { zh: "服务暂时不可用，请稍后再试", en: "Temporarily unavailable; try again later" },
  not_an_answer: { zh: "请求未被受理", en: "The request was not accepted" },
  not_signed_in: { zh: "请先登录", en: "Sign in first" },
  queue_full: { zh: "待上报的内容已满，请联网后再试", en: "Too many reports are waiting; go online first" },
  photos_count: { zh: "请附一至九张照片", en: "One to nine photos are needed" },
  phone_full: { zh: "照片无法保存，请检查手机空间", en: "The photos could not be kept; is the phone full?" },
  photo_lost: { zh: "照片已不在手机上", en: "A photo is no longer on the phone" },
};

/** HTTP answers that are about the moment and not about the request. */
const MOMENTARY = new Set([0, 408, 429, 502, 503, 504]);

/** Anything but a success. Status 0: no answer came, or the phone refused by itself. */
export class Problem extends Error {
  constructor(
    readonly facts: ProblemFacts,
    /** Seconds that the server asks to wait. */
    readonly retryAfterS: number | null = null,
  ) {
    super(facts.title);
    this.name = "Problem";
  }

  get code(): string {
    return this.facts.code;
  }

  get status(): number {
    return this.facts.status;
  }

  /** Asked again later, the same request may succeed. */
  get isMomentary(): boolean {
    if (this.status === 0) return this.code === "no_answer";
    return MOMENTARY.has(this.status) || this.code === "idempotency_in_progress";
  }

  /** The server has judged the request itself: asking again would be answered the same. */
  get isFinal(): boolean {
    return this.status >= 400 && this.status < 500 && this.status !== 401 && !this.isMomentary;
  }

  static local(code: keyof typeof LOCAL, language: Language, status = 0): Problem {
    const title = LOCAL[code][language];
    return new Problem({ status, code, title, detail: title, requestId: null, fields: [] });
  }

  /** A reply that is no success; a proxy's page in place of a problem is told in our own words. */
  static of(reply: Reply, language: Language): Problem {
    if (reply.status === 0) return Problem.local("no_answer", language);
    const told = reply.data as Partial<Schemas["Problem"]> | null | undefined;
    if (typeof told !== "object" || typeof told?.code !== "string") {
      return Problem.local(reply.status >= 500 ? "server_failed" : "not_an_answer", language, reply.status);
    }
    const { code, title = code, detail = title, request_id: requestId = null } = told;
    const facts = { status: reply.status, code, title, detail, requestId, fields: told.errors ?? [] };
    const wait = Number(reply.header["retry-after"]);
    return new Problem(facts, wait > 0 ? wait : null);
  }
}
