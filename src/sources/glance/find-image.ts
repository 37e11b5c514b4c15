import { userError } from "../../model/errors.ts";
import type { GlanceAddress } from "../../tools/openstack/address.ts";
import type { GlanceImage } from "../../tools/openstack/image.ts";
import { type GlanceClient, imageOf } from "./client.ts";
import { listedOrHidden } from "./listed-or-hidden.ts";
import { glanceWords, wordsError } from "./trouble.ts";

/** The image that an address means. A name has to be that of exactly one active image that is visible. Throws a UserError. */
export async function findImage(client: GlanceClient, { image }: GlanceAddress): Promise<GlanceImage> {
  if ("id" in image) return imageOf(await client.call({ method: "GET", path: `/v2/images/${image.id}`, what: `image ${image.id}` }));
  const what = `image ${image.name}`;
  // Glance takes a filter that begins with `in:` as a list of names.
  const isCalled = (found: GlanceImage) => found.name === image.name;
  const images = await listedOrHidden(client, new URLSearchParams({ name: image.name, limit: "50" }), what, isCalled);
  const active = images.filter(({ status }) => status === "active");
  const [only, second] = active.length === 0 ? images : active;
  if (only === undefined) throw wordsError(glanceWords(404, what, await client.origin()));
  if (second === undefined) return only;
  const ids = (active.length === 0 ? images : active).slice(0, 5).map(({ id }) => id);
  throw userError(
    "glance-image-ambiguous",
    `Several images are called ${image.name}`,
    `Write the id of the one that is meant: ${ids.join(", ")}.`,
  );
}

/** Why an image cannot be fetched in its state; undefined when it can. */
export function stateProblem({
  status,
  name,
  id,
  size,
}: GlanceImage): { readonly code: string; readonly summary: string; readonly detail: string } | undefined {
  const shown = name === null ? id : `${name} (${id})`;
  if (status === "active") {
    if (size !== 0) return undefined;
    const detail = "It is active there with 0 bytes. Upload its content under a new id, or use another image.";
    return { code: "glance-image-empty", summary: `Image ${shown} in Glance is empty`, detail };
  }
  const remedies: Readonly<Record<string, string>> = {
    queued: "Nothing was uploaded yet. Upload its content, or use another image.",
    saving: "Its content is being uploaded. Wait until it is active; after a broken upload, delete it and upload it again.",
    uploading: "Its content is being uploaded. Wait until it is active.",
    importing: "Its content is being imported. Wait until it is active.",
    deactivated: "An administrator deactivated it, and its content cannot be read. Ask to have it reactivated, or use another image.",
    killed: "Its upload failed. Delete it and upload it again.",
    deleted: "Use another image.",
    pending_delete: "Use another image.",
  };
  const detail = (Object.hasOwn(remedies, status) ? remedies[status] : undefined) ?? "Only an active image can be fetched.";
  return { code: "glance-image-not-active", summary: `Image ${shown} in Glance is ${status}`, detail };
}
