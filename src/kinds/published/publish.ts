import { createHash } from "node:crypto";
import { defineAction, type ReportProgress } from "../../model/action.ts";
import type { Context } from "../../model/context.ts";
import { RefusedError, userError } from "../../model/errors.ts";
import {
  type Content,
  digestProperty,
  fieldsProperty,
  glancePublisher,
  ownedProperty,
  type Publisher,
} from "../../sources/glance/published.ts";
import type { GlanceImage } from "../../tools/openstack/image.ts";
import { readBase } from "../image/base-files.ts";
import { isPublished } from "./address.ts";
import { differenceOf } from "./difference.ts";
import { fieldsDigest } from "./fields-digest.ts";
import type { PublishedFields, PublishedSpec } from "./spec.ts";
import { stateOf, unusableState } from "./state-of.ts";

/** Bytes read at once of what is uploaded. */
const pieceBytes = 4 * 2 ** 20;

/**
 * Makes sure that an image is in Glance with its content and its fields: creates it, uploads, and updates what differs. An image whose upload
 * did not end is used for the next one.
 */
export const publishImage = defineAction<PublishedSpec>("published.publish", [isPublished], async (context, spec, report) => {
  const publisher = glancePublisher(context);
  const key = { project: context.project, image: spec.image, content: spec.content };
  const found = await publisher.find(key);
  // Protected and visible to others only once it has its content.
  const { tags, name, min_disk, min_ram } = spec.fields;
  const first = {
    name,
    tags,
    min_disk,
    min_ram,
    visibility: "private",
    disk_format: spec.diskFormat,
    container_format: spec.containerFormat,
  };
  const unusable = found === undefined ? undefined : unusableState(found);
  if (unusable !== undefined) throw new RefusedError(unusable.code, unusable.summary, unusable.detail);
  const image = found ?? (await publisher.create(key, first));
  const digest = image.properties[digestProperty];
  if (image.status !== "active" || digest === undefined) await uploadAndVerify(context, publisher, image, spec, report);
  await update(publisher, image.id, key, spec.fields);
});

async function uploadAndVerify(
  context: Context,
  publisher: Publisher,
  image: GlanceImage,
  { entry }: PublishedSpec,
  report: ReportProgress,
): Promise<void> {
  const { host, layout } = context;
  const path = layout.baseImage(entry);
  const finding = await readBase(context, entry);
  if (finding === undefined || "foreign" in finding) {
    throw userError(
      "published-base-missing",
      `The base image of ${image.name ?? image.id} is missing`,
      `${path} is what is uploaded. Apply again, which fetches it.`,
    );
  }
  const content = contentOf(context, path, finding.base.stat.size);
  let sent: string | undefined;
  const watched: Content = {
    bytes: content.bytes,
    async *read() {
      const hash = createHash("sha512");
      for await (const piece of content.read()) {
        hash.update(piece);
        yield piece;
      }
      sent = hash.digest("hex");
    },
  };
  const stored = await publisher.upload(image, watched, (done, total) => report({ phase: "upload", done, total }));
  // An earlier run uploaded it, and ended before it compared.
  const uploaded = sent ?? (await host.files.digest(path, ["sha512"])).sha512 ?? "";
  const isSame = stored.hash?.algorithm === "sha512" ? stored.hash.hex === uploaded : stored.size === content.bytes;
  const shown = stored.name ?? stored.id;
  if (stored.status !== "active") {
    throw new RefusedError(
      "published-image-damaged",
      `The upload of image ${shown} to Glance did not succeed`,
      `The image is ${stored.status} there. Apply again. If the error persists, delete it in Glance first.`,
    );
  }
  if (!isSame) {
    await publisher.remove(image.id);
    const there = stored.hash === null ? `${stored.size ?? "an unknown number of"} bytes` : `${stored.hash.algorithm}:${stored.hash.hex}`;
    throw new RefusedError(
      "published-image-damaged",
      `Image ${shown} is not in Glance as it was uploaded`,
      `Glance has ${there}, and ${content.bytes} bytes with sha512:${uploaded} were uploaded. It was removed there; apply again.`,
    );
  }
  await publisher.change(image.id, [{ op: "add", path: `/${digestProperty}`, value: `sha512:${uploaded}` }]);
}

function contentOf({ host, signal }: Context, path: string, bytes: number): Content {
  return {
    bytes,
    async *read() {
      for (let offset = 0; offset < bytes; ) {
        signal.throwIfAborted();
        const piece = await host.files.read(path, { offset, length: Math.min(pieceBytes, bytes - offset) });
        if (piece === undefined || piece.length === 0)
          throw userError("published-base-missing", `${path} ended while it was uploaded`, "Apply again.");
        offset += piece.length;
        yield piece;
      }
    },
  };
}

/** Brings the fields to what they should be, as they are now. */
async function update(publisher: Publisher, id: string, key: Parameters<Publisher["find"]>[0], want: PublishedFields): Promise<void> {
  const image = await publisher.find(key);
  if (image === undefined || image.id !== id)
    throw userError("glance-conflict", `Image ${id} was removed meanwhile`, "Run the same command again.");
  // Only a shared image has members that can be asked for and changed. Those of an earlier time would see it as soon as it is shared again.
  if (image.visibility === "shared" && want.visibility !== "shared")
    for (const project of await publisher.members(id)) await publisher.setMember(id, project, false);
  // Members are compared below, once it is shared.
  const { fields, owned } = stateOf(image, want.members);
  const ours = Object.keys(want.properties).join(",");
  const patch = differenceOf(want, { fields, owned }).map(({ path, want: value, have: current }) => {
    const pointer = `/${path
      .replace(/^properties\./, "")
      .replaceAll("~", "~0")
      .replaceAll("/", "~1")}`;
    if (!path.startsWith("properties.")) return { op: "replace", path: pointer, value };
    return value === undefined ? { op: "remove", path: pointer } : { op: current === undefined ? "add" : "replace", path: pointer, value };
  });
  await publisher.change(id, [
    ...patch,
    ...(ours === (image.properties[ownedProperty] ?? "") ? [] : [{ op: "add", path: `/${ownedProperty}`, value: ours }]),
  ]);
  const members = want.visibility === "shared" ? await publisher.members(id) : [];
  for (const project of want.members) if (!members.includes(project)) await publisher.setMember(id, project, true);
  for (const project of members) if (!want.members.includes(project)) await publisher.setMember(id, project, false);
  // Last: what differs although this is recorded was changed in Glance.
  const applied = fieldsDigest(want);
  if (image.properties[fieldsProperty] !== applied) await publisher.change(id, [{ op: "add", path: `/${fieldsProperty}`, value: applied }]);
}
