// wx.request and wx.uploadFile as promises that always settle with a reply; ten at once, as WeChat allows.

/** In which the texts of answers come. */
export type Language = "zh" | "en";

/** Status 0: no answer came, so nobody knows whether the server did it. */
export interface Reply {
  status: number;
  /** Names in lower case; an upload's answer shows none. */
  header: Record<string, string>;
  data: unknown;
}

export interface Outgoing {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** With its query. */
  path: string;
  header?: Record<string, string>;
  body?: unknown;
  /** A local file: the call is then an upload of it. */
  file?: string;
  timeoutMs?: number;
}

const AT_ONCE = 10;
const REQUEST_MS = 15_000;
const UPLOAD_MS = 60_000;

/** Lets ten run; the others wait their turn. */
class Gate {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  async pass<T>(run: () => Promise<T>): Promise<T> {
    if (this.running < AT_ONCE) this.running += 1;
    // Whoever leaves hands its place on.
    else await new Promise<void>((turn) => this.waiting.push(turn));
    try {
      return await run();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }
}

export class Wire {
  private readonly requests = new Gate();
  private readonly uploads = new Gate();

  constructor(
    private readonly baseUrl: string,
    readonly language: Language,
  ) {}

  send(call: Outgoing): Promise<Reply> {
    const header = { "Accept-Language": this.language, ...call.header };
    const { file } = call;
    return file === undefined
      ? this.requests.pass(() => this.request(call, header))
      : this.uploads.pass(() => this.upload(call, file, header));
  }

  private request(call: Outgoing, header: Record<string, string>): Promise<Reply> {
    return new Promise((resolve) => {
      wx.request({
        url: this.baseUrl + call.path,
        method: call.method,
        data: call.body === undefined ? undefined : JSON.stringify(call.body),
        header: { "Content-Type": "application/json", ...header },
        timeout: call.timeoutMs ?? REQUEST_MS,
        success: ({ statusCode, header: got, data }) =>
          resolve({ status: statusCode, header: lowered(got), data }),
        fail: ({ errMsg }) => resolve({ status: 0, header: {}, data: errMsg }),
      });
    });
  }

  private upload(call: Outgoing, filePath: string, header: Record<string, string>): Promise<Reply> {
    return new Promise((resolve) => {
      wx.uploadFile({
        url: this.baseUrl + call.path,
        filePath,
        name: "file",
        header,
        timeout: call.timeoutMs ?? UPLOAD_MS,
        success: ({ statusCode, data }) =>
          resolve({ status: statusCode, header: {}, data: parsed(data) }),
        fail: ({ errMsg }) => resolve({ status: 0, header: {}, data: errMsg }),
      });
    });
  }
}

/** Waits; the phone may sleep through more of it. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function lowered(header: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(header).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
