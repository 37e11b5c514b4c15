import { setTimeout as pause } from "node:timers/promises";
import type { Context } from "../../model/context.ts";
import { CodedError, RefusedError, userError } from "../../model/errors.ts";
import type { ByteProgress } from "../../model/host.ts";
import { parseJson } from "../../model/json-text.ts";
import { uuidV5 } from "../../model/uuid.ts";
import type { GlanceImage } from "../../tools/openstack/image.ts";
import { type GlanceClient, glanceClient, imageOf } from "./client.ts";
import { listedOrHidden } from "./listed-or-hidden.ts";
import { glanceSettingsOf } from "./settings.ts";

/** Which image in Glance is meant: one of the token's project with these properties. */
export interface PublishedKey {
  readonly project: string;
  readonly image: string;
  readonly content: string;
}

const names = { project: "virtform_project", image: "virtform_image", content: "virtform_content" } as const;
/** The properties by which virtform finds an image that it published. */
export const keyProperties: readonly string[] = Object.values(names);
/** The property that holds the digest of the uploaded content, once that is complete. */
export const digestProperty = "virtform_digest";
/** The property that holds the names of the properties that virtform set. */
export const ownedProperty = "virtform_properties";
/** The property that holds the digest of the fields that virtform set last. */
export const fieldsProperty = "virtform_fields";

/** Whether a property is one that virtform itself sets on the images that it publishes. */
export function isOwnProperty(name: string): boolean {
  return name.startsWith("virtform_");
}

/** Images as this project publishes them. */
export interface Publisher {
  /** The image, an active one before one whose upload did not end; undefined when there is none. */
  find(key: PublishedKey): Promise<GlanceImage | undefined>;
  /** Projects that it is shared with. */
  members(id: string): Promise<readonly string[]>;
  /** Creates it without content (Nova GLA-01). */
  create(key: PublishedKey, fields: Readonly<Record<string, unknown>>): Promise<GlanceImage>;
  /** Changes fields by JSON Patch. */
  change(id: string, patch: readonly { readonly op: string; readonly path: string; readonly value?: unknown }[]): Promise<void>;
  setMember(id: string, project: string, member: boolean): Promise<void>;
  remove(id: string): Promise<void>;
  /** Uploads content to an image without one; gives the image as it is then. Another attempt follows an upload that broke. */
  upload(image: GlanceImage, content: Content, onProgress: ByteProgress): Promise<GlanceImage>;
}

/** What is uploaded; `read` can be called again. */
export interface Content {
  readonly bytes: number;
  readonly read: () => AsyncIterable<Uint8Array>;
}

/** Longest time without progress while an upload is sent, and until Glance makes the image of a broken one queued again. */
const patienceMs = 120_000;

/** Images of the cloud that the settings name. */
export function glancePublisher(context: Context): Publisher {
  const settings = glanceSettingsOf(context.settings.drivers);
  const client = glanceClient(context, settings);
  const get = async (id: string) => imageOf(await client.call({ method: "GET", path: `/v2/images/${id}`, what: `image ${id}` }));
  return {
    find: (key) => find(client, key),
    async members(id) {
      const answer = await client.call({ method: "GET", path: `/v2/images/${id}/members`, what: `the members of image ${id}` });
      const { members } = (parseJson(answer.body) ?? {}) as { readonly members?: unknown };
      const found = Array.isArray(members) ? members : [];
      return found.slice(0, 1000).flatMap((one: unknown) => {
        const member = (one as { member_id?: unknown } | null)?.member_id;
        return typeof member === "string" ? [member] : [];
      });
    },
    async create({ project, image, content }, fields) {
      const body = { ...fields, [names.project]: project, [names.image]: image, [names.content]: content };
      const post = (more: object) => {
        const what = `the creation of image ${image}`;
        return client.call({ method: "POST", path: "/v2/images", body: JSON.stringify({ ...body, ...more }), what, ok: [409] });
      };
      // An id that follows from the key lets the service refuse the second of two applies of different hosts.
      const first = await post({ id: uuidV5(`${await client.project()} ${project} ${image} ${content}`) });
      if (first.status !== 409) return imageOf(first);
      // The id of an image that was deleted is not given again.
      return (await find(client, { project, image, content })) ?? imageOf(await post({}));
    },
    async change(id, patch) {
      if (patch.length === 0) return;
      const type = "application/openstack-images-v2.1-json-patch";
      await client.call({
        method: "PATCH",
        path: `/v2/images/${id}`,
        body: JSON.stringify(patch),
        type,
        what: `the change of image ${id}`,
      });
    },
    async setMember(id, project, member) {
      const what = `project ${project} as a member of image ${id}`;
      const path = `/v2/images/${id}/members`;
      if (member) await client.call({ method: "POST", path, body: JSON.stringify({ member: project }), what, ok: [409] });
      else await client.call({ method: "DELETE", path: `${path}/${encodeURIComponent(project)}`, what, ok: [404] });
    },
    async remove(id) {
      await client.call({ method: "DELETE", path: `/v2/images/${id}`, what: `image ${id}`, ok: [404] });
    },
    async upload(image, content, onProgress) {
      for (let attempt = 1; ; attempt += 1) {
        const found = await settled(context, get, image.id);
        if (found.status !== "queued") return found;
        try {
          await client.call({
            method: "PUT",
            path: `/v2/images/${image.id}/file`,
            type: "application/octet-stream",
            body: { bytes: content.bytes, read: () => counted(content, onProgress) },
            what: `the upload of image ${image.name ?? image.id}`,
            timeoutMs: patienceMs,
          });
        } catch (error) {
          // A broken upload may still count as running there.
          const again = error instanceof CodedError && ["glance-conflict", "glance-unavailable"].includes(error.code);
          if (!again || attempt > settings.retries) throw error;
        }
      }
    },
  };
}

async function find(client: GlanceClient, key: PublishedKey): Promise<GlanceImage | undefined> {
  const project = await client.project();
  if (project === null)
    throw userError(
      "cloud-catalogue",
      "The token of the cloud is for no project",
      "Images are published by a project. Write project_name.",
    );
  // Others may have given their images the same properties.
  const query = new URLSearchParams({ owner: project, limit: "50" });
  for (const part of ["project", "image", "content"] as const) query.set(names[part], key[part]);
  const ours = await listedOrHidden(
    client,
    query,
    `image ${key.image}`,
    ({ owner, properties }) => owner === project && properties[names.content] === key.content,
  );
  return ours.find(({ status }) => status === "active") ?? ours.find(({ status }) => status === "queued" || status === "saving") ?? ours[0];
}

/** The image once no client uploads to it: Glance makes it queued again some time after the client of an upload is gone. */
async function settled(context: Context, get: (id: string) => Promise<GlanceImage>, id: string): Promise<GlanceImage> {
  const deadline = performance.now() + patienceMs;
  for (let waitMs = 200; ; waitMs = Math.min(5000, waitMs * 2)) {
    const image = await get(id);
    if (image.status !== "saving") return image;
    if (performance.now() > deadline) {
      throw new RefusedError(
        "glance-conflict",
        `Image ${id} is being uploaded by another client`,
        "Wait until it is active; if nothing uploads it, delete it in Glance and apply again.",
      );
    }
    await pause(waitMs, undefined, { signal: context.signal });
  }
}

async function* counted({ bytes, read }: Content, onProgress: ByteProgress): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const piece of read()) {
    yield piece;
    done += piece.length;
    onProgress(done, bytes);
  }
}
