// A phone with WeChat on it: storage and files that outlive the app, wx as it really answers.
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import vm from "node:vm";

const BUILD = fileURLToPath(new URL("../build/src", import.meta.url));
const METHODS = ["OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT"];
const AT_ONCE = 10;
/** Waits pass this much faster; `app.waits` has what was asked for. */
const HASTE = 100;

class Killed extends Error {}

/** What stays when the app is killed. */
export class Phone {
  storage = new Map();
  folder = mkdtempSync(path.join(tmpdir(), "phone-"));
  online = true;
  codes = (process.env.WX_CODES ?? "").split(",");
  /** Every call that left the phone: {method, path, header, body, status}. */
  calls = [];
  /** Taken once each by the first call that `when` matches: {when: /POST .*reports/, before, answer, after, lose}. */
  faults = [];
  mostAtOnce = 0;
  /** Where a whitelisted domain really is. */
  domains = { "https://api.example.cn": process.env.XINXIN_URL };

  constructor() {
    mkdirSync(`${this.folder}/usr`);
    mkdirSync(`${this.folder}/tmp`);
  }

  /** A photo as wx.chooseMedia gives it. */
  photo(source, name) {
    cpSync(source, `${this.folder}/tmp/${name}`);
    return `wxfile://tmp/${name}`;
  }

  kept() {
    return readdirSync(`${this.folder}/usr`);
  }

  /** Starts the app anew; `killAt` ends it at its n-th touch of the world. */
  launch({ killAt = Infinity } = {}) {
    this.app?.kill();
    this.app = new App(this, killAt);
    return this.app;
  }

  throwAway() {
    this.app?.kill();
    rmSync(this.folder, { recursive: true });
  }
}

class App {
  alive = true;
  touches = 0;
  waits = [];
  listeners = { network: [], show: [] };
  running = { request: 0, uploadFile: 0 };
  modules = new Map();

  constructor(phone, killAt) {
    this.phone = phone;
    this.killAt = killAt;
    this.ended = new Promise((resolve) => (this.end = resolve));
    this.wx = this.makeWx();
    const { wx, setTimeout, clearTimeout } = this.globals();
    // Nothing else is there in a mini-program: no fetch, no URL, no crypto, no process.
    this.context = vm.createContext({ wx, setTimeout, clearTimeout, console });
  }

  globals() {
    const later = (run, ms = 0) => {
      this.waits.push(ms);
      return Number(setTimeout(() => this.alive && run(), ms / HASTE));
    };
    return { wx: this.wx, setTimeout: later, clearTimeout };
  }

  /** A module of the client, loaded in the app's own world. */
  require(file) {
    const full = path.resolve(BUILD, file.endsWith(".js") ? file : `${file}.js`);
    if (!this.modules.has(full)) {
      const module = { exports: {} };
      this.modules.set(full, module);
      const names = ["exports", "require", "module"];
      const run = vm.compileFunction(readFileSync(full, "utf8"), names, { parsingContext: this.context, filename: full });
      run(module.exports, (name) => this.require(path.resolve(path.dirname(full), name)), module);
    }
    return this.modules.get(full).exports;
  }

  kill() {
    this.alive = false;
    this.end();
  }

  /** Each touch of the world is a moment at which the app may end. */
  touch() {
    this.touches += 1;
    if (this.touches === this.killAt) this.kill();
    if (!this.alive) throw new Killed();
  }

  goOnline() {
    this.phone.online = true;
    for (const tell of this.listeners.network) tell({ isConnected: true, networkType: "4g" });
  }

  show() {
    for (const tell of this.listeners.show) tell({});
  }

  makeWx() {
    const { storage, folder } = this.phone;
    const real = (file) => file.replace("wxfile://", `${folder}/`);
    return {
      env: { USER_DATA_PATH: "wxfile://usr" },
      getStorageSync: (key) => (storage.has(key) ? JSON.parse(storage.get(key)) : ""),
      setStorageSync: (key, value) => {
        this.touch();
        const text = JSON.stringify(value);
        if (text.length > 1 << 20) throw new Error("setStorageSync:fail entry size limit reached");
        storage.set(key, text);
        this.touch();
      },
      removeStorageSync: (key) => {
        this.touch();
        storage.delete(key);
      },
      getFileSystemManager: () => ({
        readdirSync: (file) => readdirSync(real(file)),
        accessSync: (file) => {
          if (!existsSync(real(file))) throw new Error(`accessSync:fail no such file or directory ${file}`);
        },
        copyFile: (options) => this.file("copyFile", options, () => copyFileSync(real(options.srcPath), real(options.destPath))),
        unlink: (options) => this.file("unlink", options, () => rmSync(real(options.filePath))),
      }),
      onNetworkStatusChange: (tell) => this.listeners.network.push(tell),
      onAppShow: (tell) => this.listeners.show.push(tell),
      login: ({ success }) => setTimeout(() => this.alive && success({ code: this.phone.codes.shift(), errMsg: "login:ok" })),
      request: (options) => void this.call("request", options, (url, method) => this.requested(url, method, options)),
      uploadFile: (options) => void this.call("uploadFile", options, (url) => this.uploaded(url, real(options.filePath), options)),
    };
  }

  file(name, { success, fail }, run) {
    try {
      this.touch();
      run();
      this.touch();
    } catch (error) {
      if (error instanceof Killed) return;
      setTimeout(() => this.alive && fail?.({ errMsg: `${name}:fail ${error.message}` }));
      return;
    }
    setTimeout(() => this.alive && success?.({ errMsg: `${name}:ok` }));
  }

  async call(name, options, make) {
    const fail = (why) => this.alive && options.fail?.({ errMsg: `${name}:fail ${why}`, errno: 600001 });
    if (!METHODS.includes(options.method ?? "GET")) return fail("invalid method");
    if (this.running[name] === AT_ONCE) return fail("exceed max task count");
    this.running[name] += 1;
    this.phone.mostAtOnce = Math.max(this.phone.mostAtOnce, this.running[name]);
    try {
      this.touch();
      const told = await this.exchange(name, options, make);
      this.touch();
      this.running[name] -= 1;
      if (this.alive) options.success?.(told);
    } catch (error) {
      if (error instanceof Killed) return;
      this.running[name] -= 1;
      fail(error.message);
    }
  }

  async exchange(name, options, make) {
    const { phone } = this;
    const method = name === "request" ? (options.method ?? "GET") : "POST";
    const { origin, pathname, search } = new URL(options.url);
    const url = (phone.domains[origin] ?? origin) + pathname + search;
    const body = typeof options.data === "string" ? parsed(options.data) : null;
    const noted = { method, path: pathname + search, header: options.header, body, status: 0 };
    phone.calls.push(noted);
    if (!phone.online) throw new Error("errcode:-106 cronet_error_code:-106 error_msg:net::ERR_INTERNET_DISCONNECTED");
    const at = phone.faults.findIndex(({ when }) => when.test(`${method} ${pathname}`));
    const [fault] = at < 0 ? [] : phone.faults.splice(at, 1);
    if (fault?.before) await fault.before();
    const { status, header, text } = fault?.answer ?? (await make(url, method));
    noted.status = status;
    fault?.after?.();
    if (fault?.lose) throw new Error("timeout");
    const asJson = name === "request" && options.dataType !== "text";
    return { statusCode: status, header, data: asJson ? parsed(text) : text, errMsg: `${name}:ok` };
  }

  async requested(url, method, { data, header, timeout = 60_000 }) {
    return answer(await fetch(url, { method, headers: header, body: data, signal: AbortSignal.timeout(timeout) }));
  }

  async uploaded(url, file, { name, header, filePath, timeout = 60_000 }) {
    if (!existsSync(file)) throw new Error("file doesn't exist");
    const form = new FormData();
    form.set(name, new Blob([readFileSync(file)], { type: "image/jpeg" }), path.basename(filePath));
    const sent = await fetch(url, { method: "POST", headers: header, body: form, signal: AbortSignal.timeout(timeout) });
    const { status, text } = await answer(sent);
    return { status, text };
  }
}

async function answer(response) {
  // Names arrive as the platform likes to write them.
  const header = Object.fromEntries([...response.headers].map(([name, value]) => [titled(name), value]));
  return { status: response.status, header, text: await response.text() };
}

function titled(name) {
  return name.replace(/(^|-)\w/g, (letter) => letter.toUpperCase());
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
