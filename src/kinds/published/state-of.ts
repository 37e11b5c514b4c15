import { digestProperty, fieldsProperty, isOwnProperty, ownedProperty } from "../../sources/glance/published.ts";
import type { GlanceImage } from "../../tools/openstack/image.ts";
import type { PublishedState } from "./spec.ts";

/** The state of an image in Glance that is shared with these projects. Pure. */
export function stateOf(image: GlanceImage, members: readonly string[]): PublishedState {
  const { properties } = image;
  return {
    id: image.id,
    status: image.status,
    size: image.size,
    digest: image.hash === null ? null : `${image.hash.algorithm}:${image.hash.hex}`,
    uploaded: properties[digestProperty] ?? null,
    fields: {
      name: image.name ?? "",
      visibility: image.visibility,
      protected: image.protected,
      min_disk: image.minDisk / 2 ** 30,
      min_ram: image.minRam / 2 ** 20,
      tags: [...image.tags].sort(),
      members: [...members].sort(),
      properties: Object.fromEntries(Object.entries(properties).filter(([name]) => !isOwnProperty(name))),
    },
    owned: (properties[ownedProperty] ?? "").split(",").filter((name) => name !== ""),
    applied: properties[fieldsProperty] ?? null,
  };
}

/** Why an image can no longer be published under its id, as code, summary and remedy; undefined when it can: it is active, or its upload can be finished. */
export function unusableState({ id, status }: Pick<PublishedState, "id" | "status">) {
  if (["active", "queued", "saving"].includes(status)) return undefined;
  return {
    code: "glance-image-not-active",
    summary: `Image ${id} in Glance is ${status}`,
    detail: `It was published earlier. ${remedyFor(status)}`,
  };
}

function remedyFor(status: string): string {
  switch (status) {
    case "deactivated":
      return "Have it reactivated, or delete it; the next apply publishes it again.";
    case "uploading":
    case "importing":
      return "Another client imports its content. Wait until it is active, or delete it; the next apply publishes it again.";
    default:
      return "Delete it there; the next apply publishes it again.";
  }
}
