import { createHash } from "node:crypto";
import type { WebAnswer, WebRequest } from "../../src/model/web.ts";
import { answered, cloudWith } from "../unit/sources/cloud.ts";

interface Stored {
  readonly id: string;
  readonly [field: string]: unknown;
}

export type FakeGlance = ReturnType<typeof fakeGlance>;

interface GlanceState {
  images: Stored[];
  requests: string[];
  /** What is kept of an upload. */
  stores: (sent: Buffer) => Buffer;
  /** What happens on the host when a request of this method comes. */
  meanwhile: (method: string) => void;
  /** It does not let this user list images. */
  refuses: boolean;
  /** The request at which the apply ends: before it reached Glance, or before its answer came back. */
  killed: { readonly index: number; readonly when: "before" | "after" } | undefined;
}

/** Glance with the images that are created in it. */
export function fakeGlance() {
  const state: GlanceState = {
    images: [],
    requests: [],
    stores: (sent) => sent,
    meanwhile: () => undefined,
    killed: undefined,
    refuses: false,
  };
  const change = (id: string, fields: object): Stored | undefined => {
    state.images = state.images.map((one) => (one.id === id ? { ...one, ...fields } : one));
    return state.images.find((one) => one.id === id);
  };
  const answer = async ({ method, url, body }: WebRequest): Promise<WebAnswer> => {
    const [, id = ""] = /^\/v2\/images\/([^/]+)/.exec(new URL(url).pathname) ?? [];
    state.meanwhile(method);
    if (state.refuses) return answered(403);
    const sent = typeof body === "string" ? JSON.parse(body) : undefined;
    if (method === "POST") {
      if (state.images.some((one) => one.id === sent.id)) return answered(409);
      const image: Stored = { owner: "p1", ...sent, status: "queued" };
      state.images.push(image);
      return answered(201, image);
    }
    if (id === "") return answered(200, { images: state.images });
    const image = state.images.find((one) => one.id === id);
    if (image === undefined) return answered(404);
    if (method === "DELETE") {
      state.images = state.images.filter((one) => one !== image);
      return answered(204);
    }
    if (method === "PATCH") {
      const patch = sent as readonly { readonly path: string; readonly value: unknown }[];
      return answered(200, change(id, Object.fromEntries(patch.map(({ path, value }) => [path.slice(1), value]))) ?? {});
    }
    if (method === "PUT") {
      const pieces: Uint8Array[] = [];
      if (typeof body === "object") for await (const piece of body.read()) pieces.push(piece);
      const kept = state.stores(Buffer.concat(pieces));
      const hash = createHash("sha512").update(kept).digest("hex");
      change(id, { status: "active", size: kept.length, os_hash_algo: "sha512", os_hash_value: hash });
      return answered(204);
    }
    return answered(200, image);
  };
  const { context } = cloudWith(async (request) => {
    const index = state.requests.length;
    state.requests.push(`${request.method} ${new URL(request.url).pathname.replace(/[0-9a-f-]{36}/, "ID")}`);
    const { killed } = state;
    // A process that was killed sends nothing more.
    if (killed !== undefined && (index > killed.index || (index === killed.index && killed.when === "before"))) throw new Error("killed");
    const result = await answer(request);
    if (index === killed?.index) throw new Error("killed");
    return result;
  });
  return { state, context };
}
