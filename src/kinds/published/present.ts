import type { Presentation } from "../../model/presentation.ts";

/** How people see images in Glance. */
export const presentPublished: Readonly<Record<string, Presentation>> = {
  published: { noun: ["published image", "published images"], sizes: new Set(["size"]) },
};
