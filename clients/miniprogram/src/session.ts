// Who is signed in: the tokens, kept in storage, and their renewal, one at a time.
import { Problem } from "./problem";
import type { Schemas } from "./types";
import { pause, type Reply, type Wire } from "./wire";

const STORED = "xinxin.session";
const EARLY_MS = 30_000;
// A spent refresh token may be repeated for 30 seconds when its answer was lost: three tries of at
// most eight seconds and their pauses stay within.
const TRIES = 3;
const TIMEOUT_MS = 8_000;
const PAUSE_MS = 1_000;

type Tokens = Schemas["TokensOut"] & {
  /** By the phone's clock, in milliseconds. */
  until: number;
};
type Person = Schemas["PersonOut"];

export class Session {
  private tokens: Tokens | null;
  private renewal: Promise<void> | null = null;

  constructor(private readonly wire: Wire) {
    this.tokens = (wx.getStorageSync(STORED) as Tokens | "") || null;
  }

  /** As the last sign-in or renewal told; null is signed out. */
  get person(): Person | null {
    return this.tokens?.person ?? null;
  }

  /** An access token that should still be good; null is signed out. */
  async token(): Promise<string | null> {
    if (this.tokens && this.tokens.until - EARLY_MS < Date.now()) await this.renew(this.tokens.access_token);
    return this.tokens?.access_token ?? null;
  }

  /** Replaces an access token that was refused or is running out; whoever else asks waits for it. */
  renew(stale: string): Promise<void> {
    if (this.tokens?.access_token !== stale) return Promise.resolve();
    this.renewal ??= this.trade(this.tokens).finally(() => {
      this.renewal = null;
    });
    return this.renewal;
  }

  private async trade(spent: Tokens): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const body = { refresh_token: spent.refresh_token };
      const reply = await this.post("/v1/auth/refresh", body);
      // Signed out or in meanwhile: this answer is about a session that is no longer ours.
      if (this.tokens !== spent) return;
      if (reply.status === 200) return this.keep(reply);
      const problem = Problem.of(reply, this.wire.language);
      if (reply.status === 401) this.forget();
      if (!problem.isMomentary || tries === TRIES) throw problem;
      await pause(PAUSE_MS);
    }
  }

  /** Signs in as this WeChat user (wx.login); the first time makes the account. */
  async signInWithWechat(): Promise<Person> {
    const code = await new Promise<string>((resolve, reject) => {
      wx.login({
        success: (got) => resolve(got.code),
        fail: () => reject(Problem.local("no_answer", this.wire.language)),
      });
    });
    return this.signIn("/v1/auth/wechat", { code });
  }

  /** Signs staff in. */
  signInWithPassword(username: string, password: string): Promise<Person> {
    return this.signIn("/v1/auth/password", { username, password });
  }

  /** Signs a made-up member in; the server must run in development. */
  signInForDevelopment(member: string): Promise<Person> {
    return this.signIn("/v1/auth/development", { member });
  }

  // Never repeated by itself: a code is good once, and attempts are counted.
  private async signIn(path: string, body: object): Promise<Person> {
    const reply = await this.post(path, body);
    if (reply.status !== 200) throw Problem.of(reply, this.wire.language);
    this.keep(reply);
    return (reply.data as Tokens).person;
  }

  /** Ends the session, here in any case, and on the server if it can be reached. */
  async signOut(): Promise<void> {
    const access = this.tokens?.access_token;
    this.forget();
    if (access === undefined) return;
    const header = { Authorization: `Bearer ${access}` };
    await this.wire.send({ method: "POST", path: "/v1/auth/logout", header });
  }

  private post(path: string, body: object): Promise<Reply> {
    return this.wire.send({ method: "POST", path, body, timeoutMs: TIMEOUT_MS });
  }

  private keep(reply: Reply): void {
    const tokens = reply.data as Schemas["TokensOut"];
    this.tokens = { ...tokens, until: Date.now() + tokens.expires_in * 1000 };
    wx.setStorageSync(STORED, this.tokens);
  }

  private forget(): void {
    this.tokens = null;
    wx.removeStorageSync(STORED);
  }
}
