// Reports made without a network: kept with their photos on the phone, sent in order, each once.
import type { Client } from "./client";
import { newKey } from "./keys";
import { Problem, type ProblemFacts } from "./problem";
import type { Schemas } from "./types";

export type Report = Schemas["ReportOut"];
/** A report but for its photos, which the queue uploads. */
export type Draft = Omit<Schemas["ReportDraft"], "photo_ids">;

interface KeptPhoto {
  readonly file: string;
  key: string;
  /** Once uploaded. */
  id?: string;
}

/** A report that the server has not taken yet. */
export interface Waiting {
  readonly name: string;
  /** Who made it: it is never sent as somebody else's. */
  readonly personId: string;
  readonly draft: Draft;
  readonly madeAt: number;
  readonly photos: KeptPhoto[];
  key: string;
  /** When its keys and its photos' were made. */
  keysAt: number;
  /** Why the server will not have it; it stays for the person to see until it is discarded. */
  refused?: ProblemFacts;
}

export interface Listeners {
  /** Something was added, sent, refused or discarded. */
  changed?: () => void;
  sent?: (report: Report) => void;
}

const STORED = "xinxin.reports";
const FILES = "xinxin-report-";
const MOST = 20;
const MOST_PHOTOS = 9;
const AGAIN_MS = [15_000, 60_000, 300_000];
// The server drops a photo that no report took within a day.
const PHOTO_MS = 12 * 3600 * 1000;

/** One for the whole mini-program. It sends by itself: when made, online again, or shown again. */
export class ReportQueue {
  private readonly entries: Waiting[];
  private sending = false;
  private failures = 0;
  private timer = 0;

  constructor(
    private readonly client: Client,
    private readonly listeners: Listeners = {},
  ) {
    this.entries = (wx.getStorageSync(STORED) as Waiting[] | "") || [];
    this.tidy();
    wx.onNetworkStatusChange(({ isConnected }) => {
      if (isConnected) void this.send();
    });
    wx.onAppShow(() => void this.send());
    void this.send();
  }

  /** What waits or was refused, oldest first. */
  list(): readonly Waiting[] {
    return this.entries;
  }

  /** Keeps a report; from here on it survives the end of the app. Throws Problem. */
  async add(draft: Draft, photos: string[]): Promise<Waiting> {
    const { person } = this.client.session;
    if (!person) throw Problem.local("not_signed_in", this.client.language);
    this.refuseTooMany(photos);
    const name = newKey();
    const files = await this.keep(photos, name);
    const kept = files.map((file) => ({ file, key: newKey() }));
    const [madeAt, personId] = [Date.now(), person.id];
    const entry = { name, personId, draft, madeAt, photos: kept, key: newKey(), keysAt: madeAt };
    this.entries.push(entry);
    try {
      this.save();
    } catch {
      this.entries.pop();
      removeFiles(files);
      throw Problem.local("phone_full", this.client.language);
    }
    this.listeners.changed?.();
    void this.send();
    return entry;
  }

  /** Forgets one; what is on its way at this moment may still arrive. */
  discard(name: string): void {
    const entry = this.entries.find((one) => one.name === name);
    if (entry) this.forget(entry);
  }

  /** Sends what can be sent. It never throws, and while it runs another call does nothing. */
  async send(): Promise<void> {
    if (this.sending) return;
    clearTimeout(this.timer);
    this.sending = true;
    try {
      for (let entry = this.next(); entry; entry = this.next()) {
        await this.deliver(entry);
        this.failures = 0;
      }
    } catch (error) {
      this.later(error);
    } finally {
      this.sending = false;
    }
  }

  private next(): Waiting | undefined {
    const personId = this.client.session.person?.id;
    return this.entries.find((entry) => entry.personId === personId && !entry.refused);
  }

  /** One report, photos first. Returns when it is sent, refused or discarded; else throws. */
  private async deliver(entry: Waiting): Promise<void> {
    try {
      const photoIds = await this.upload(entry);
      // Discarded meanwhile, or its person is no longer the one who is signed in.
      if (this.next() !== entry) return;
      const body = { ...entry.draft, photo_ids: photoIds };
      const { data } = await this.client.post("/v1/reports", { body, key: entry.key });
      this.forget(entry);
      this.listeners.sent?.(data);
    } catch (error) {
      if (!(error instanceof Problem && error.isFinal)) throw error;
      this.judge(entry, error);
    }
  }

  private async upload(entry: Waiting): Promise<string[]> {
    const ids: string[] = [];
    for (const photo of entry.photos) {
      if (photo.id === undefined) {
        if (!isThere(photo.file)) throw Problem.local("photo_lost", this.client.language, 410);
        photo.id = (await this.client.upload(photo.file, photo.key)).data.id;
        this.save();
      }
      ids.push(photo.id);
    }
    return ids;
  }

  private judge(entry: Waiting, problem: Problem): void {
    if (problem.code === "photo_used") {
      // Nobody else knows these photos: the report arrived, so long ago that its key is forgotten.
      this.forget(entry);
    } else if (problem.code === "photo_not_found" && Date.now() - entry.keysAt > PHOTO_MS) {
      // Swept from the server while the phone was off: all again, as another request.
      entry.key = newKey();
      entry.keysAt = Date.now();
      for (const photo of entry.photos) {
        photo.key = newKey();
        delete photo.id;
      }
      this.save();
    } else {
      entry.refused = problem.facts;
      this.changed();
    }
  }

  private later(error: unknown): void {
    // Signed out: whoever signs in calls `send`.
    if (error instanceof Problem && error.status === 401) return;
    const step = AGAIN_MS[Math.min(this.failures, AGAIN_MS.length - 1)] ?? 0;
    const asked = error instanceof Problem ? (error.retryAfterS ?? 0) * 1000 : 0;
    this.failures += 1;
    this.timer = setTimeout(() => void this.send(), Math.max(step, asked));
  }

  private refuseTooMany(photos: string[]): void {
    const { language } = this.client;
    if (this.entries.length >= MOST) throw Problem.local("queue_full", language);
    if (photos.length < 1 || photos.length > MOST_PHOTOS) throw Problem.local("photos_count", language);
  }

  /** Copies the photos to where they stay; WeChat clears temporary files away. */
  private async keep(photos: string[], name: string): Promise<string[]> {
    const files = photos.map((path, at) => `${FILES}${name}-${at}${/\.\w+$/.exec(path)?.[0] ?? ""}`);
    const paths = files.map((file) => `${wx.env.USER_DATA_PATH}/${file}`);
    const copies = photos.map((from, at) => copied(from, paths[at] ?? ""));
    const settled = await Promise.all(copies);
    if (settled.every(Boolean)) return paths;
    removeFiles(paths);
    throw Problem.local("phone_full", this.client.language);
  }

  private forget(entry: Waiting): void {
    const at = this.entries.indexOf(entry);
    if (at >= 0) this.entries.splice(at, 1);
    this.changed();
    removeFiles(entry.photos.map(({ file }) => file));
  }

  private changed(): void {
    this.save();
    this.listeners.changed?.();
  }

  private save(): void {
    wx.setStorageSync(STORED, this.entries);
  }

  /** Removes photos of a report that was cut off before it was kept, or after it was sent. */
  private tidy(): void {
    const known = new Set(this.entries.flatMap((entry) => entry.photos.map(({ file }) => file)));
    const there = wx.getFileSystemManager().readdirSync(wx.env.USER_DATA_PATH);
    const ours = there.filter((name) => name.startsWith(FILES));
    removeFiles(ours.map((name) => `${wx.env.USER_DATA_PATH}/${name}`).filter((path) => !known.has(path)));
  }
}

function copied(srcPath: string, destPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const [success, fail] = [() => resolve(true), () => resolve(false)];
    wx.getFileSystemManager().copyFile({ srcPath, destPath, success, fail });
  });
}

function isThere(file: string): boolean {
  try {
    wx.getFileSystemManager().accessSync(file);
    return true;
  } catch {
    return false;
  }
}

/** In the background; what is left over is removed at the next start. */
function removeFiles(paths: string[]): void {
  for (const filePath of paths) wx.getFileSystemManager().unlink({ filePath });
}
