import { createHash } from "node:crypto";
import type { PublisherDoor } from "../../src/model/publisher-door.ts";
import type { Machine } from "./machine.ts";

/** The signature of a text by the publisher of the fake net, or by another one. */
export function signatureOf(text: string, by = "Publisher"): Buffer {
  return Buffer.from(`${by} signed ${createHash("sha256").update(text).digest("hex")}`);
}

/** Signed files in the net of a machine. The key ring is any file; gpgv knows the publisher alone. */
export function fakePublishers({ urls }: Machine): PublisherDoor {
  return {
    readFile: (path) => (path.includes("missing") ? undefined : Buffer.from([0x98, 0])),
    async fetch(url) {
      const answer = urls.get(url);
      if (answer === undefined) return { summary: `${url} cannot be read: the server answers 404`, detail: "Check the address." };
      if ("fails" in answer) return { bytes: Buffer.alloc(0) };
      return { bytes: Buffer.from("breakAfter" in answer ? answer.bytes : answer) };
    },
    async gpgv({ content, signature }) {
      const [by = "", hex] = (signature ?? Buffer.alloc(0)).toString("utf8").split(" signed ");
      const fits = hex === createHash("sha256").update(content).digest("hex");
      const key = "F".repeat(40);
      const words = !fits
        ? ["BADSIG 1 Publisher"]
        : by === "Publisher"
          ? ["GOODSIG 1 Publisher", `VALIDSIG ${key} 2026-11-29 1 0 4 0 22 8 00 ${key}`]
          : ["ERRSIG 2222222222222222 22 8 00 1 9 X"];
      return { report: words.map((word) => `[GNUPG:] ${word}\n`).join(""), content };
    },
  };
}
