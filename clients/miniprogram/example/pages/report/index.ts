// 随手拍: describe, photograph, send; what has not arrived yet stands below.
import { Problem } from "../../../src/index";
import { client, listen, queue } from "../../service";

interface Shown {
  name: string;
  description: string;
  refused: string;
}

Component({
  data: {
    description: "",
    address: "",
    photos: [] as string[],
    problem: "",
    waiting: [] as Shown[],
    sent: [] as { id: string; description: string }[],
  },

  lifetimes: {
    attached() {
      const stop = listen((report) => {
        if (report) this.setData({ sent: [report, ...this.data.sent] });
        this.showQueue();
      });
      this.stop = stop;
      this.showQueue();
    },
    detached() {
      this.stop();
    },
  },

  methods: {
    stop() {},

    onDescription(event: WechatMiniprogram.Input) {
      this.setData({ description: event.detail.value });
    },

    onAddress(event: WechatMiniprogram.Input) {
      this.setData({ address: event.detail.value });
    },

    async onChoose() {
      const { tempFiles } = await wx.chooseMedia({ count: 9, mediaType: ["image"] });
      this.setData({ photos: tempFiles.map(({ tempFilePath }) => tempFilePath) });
    },

    async onSubmit() {
      const { description, address, photos } = this.data;
      try {
        if (!client.session.person) await client.session.signInWithWechat();
        await queue.add({ description, address }, photos);
        this.setData({ description: "", address: "", photos: [], problem: "" });
      } catch (error) {
        this.setData({ problem: error instanceof Problem ? error.facts.title : String(error) });
      }
    },

    onDiscard(event: WechatMiniprogram.TouchEvent) {
      queue.discard(event.currentTarget.dataset.name as string);
    },

    showQueue() {
      const waiting = queue.list().map(({ name, draft, refused }) => ({
        name,
        description: draft.description,
        refused: refused ? refused.title : "",
      }));
      this.setData({ waiting });
    },
  },
});
