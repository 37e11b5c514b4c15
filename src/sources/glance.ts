import type { Source } from "./source.ts";

/** Images of OpenStack's image service. Their addresses are part of the format; nothing is fetched from them yet. */
export const glance: Source = {
  scheme: "glance",
  planned: true,
  imageId: (address) => /^glance:\/\/(?:.*\/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(address)?.[1],
  fetch: ({ host }, { source }) => Promise.reject(new Error(`${source} was not refused when planning for ${host.name}`)),
};
