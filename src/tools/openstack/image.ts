import type { SourceImage } from "../../model/source-image.ts";

/** An image as Glance describes it. Sizes are bytes. */
export interface GlanceImage extends Omit<SourceImage, "digest"> {
  readonly hidden: boolean;
  /** MD5, where Glance has no other digest. */
  readonly checksum: string | null;
  /** `sha512` and its hex. */
  readonly hash: { readonly algorithm: string; readonly hex: string } | null;
  readonly directUrl: string | null;
  readonly tags: readonly string[];
}

/** Fields that Glance itself has; all others are properties. */
const own = new Set(
  "id name status disk_format container_format size virtual_size min_disk min_ram owner visibility protected os_hidden checksum os_hash_algo os_hash_value direct_url locations tags created_at updated_at self file schema stores deleted deleted_at".split(
    " ",
  ),
);

const longest = 64 * 1024;

/** Reads what Glance says about an image; undefined when it is not understood. Lists, names and values are bounded. */
export function parseGlanceImage(value: unknown): GlanceImage | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const fields = value as Readonly<Record<string, unknown>>;
  const text = (key: string): string | null => {
    const found = fields[key];
    return typeof found === "string" && found.length <= longest ? found : null;
  };
  const number = (key: string): number | null => {
    const found = fields[key];
    return typeof found === "number" && Number.isSafeInteger(found) && found >= 0 ? found : null;
  };
  const [id, status] = [text("id"), text("status")];
  if (id === null || !uuid.test(id) || status === null) return undefined;
  const [algorithm, hex] = [text("os_hash_algo"), text("os_hash_value")];
  const locations = Array.isArray(fields["locations"]) ? (fields["locations"] as unknown[]) : [];
  const tags = Array.isArray(fields["tags"]) ? (fields["tags"] as unknown[]) : [];
  const properties = Object.entries(fields).filter(
    (entry): entry is [string, string] => !own.has(entry[0]) && typeof entry[1] === "string" && entry[1].length <= longest,
  );
  return {
    id,
    name: text("name"),
    status,
    diskFormat: text("disk_format"),
    containerFormat: text("container_format"),
    size: number("size"),
    virtualSize: number("virtual_size"),
    minDisk: (number("min_disk") ?? 0) * 2 ** 30,
    minRam: (number("min_ram") ?? 0) * 2 ** 20,
    owner: text("owner"),
    visibility: text("visibility") ?? "private",
    protected: fields["protected"] === true,
    hidden: fields["os_hidden"] === true,
    checksum: text("checksum"),
    hash: algorithm === null || hex === null || !/^[0-9a-f]{32,128}$/i.test(hex) ? null : { algorithm, hex: hex.toLowerCase() },
    directUrl: text("direct_url"),
    locations: locations.slice(0, 64).flatMap((one) => {
      const url = (one as { url?: unknown } | null)?.url;
      return typeof url === "string" && url.length <= 4096 ? [url] : [];
    }),
    tags: tags.slice(0, 1000).filter((tag): tag is string => typeof tag === "string" && tag.length <= 255),
    properties: Object.fromEntries(properties.sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, 1000)),
  };
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
