/** What an address of an image in Glance means (Nova GCL-01). */
export interface GlanceAddress {
  /** Its id or, only without an endpoint, its name. */
  readonly image: { readonly id: string } | { readonly name: string };
  /** The image service, without version; null for that of the cloud. */
  readonly endpoint: string | null;
}

/** Glance takes ids in capitals from those who create images. */
const id = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Reads `glance://ID`, `glance://NAME`, or an id after the address of a service: `glance://HOST[:PORT][/v2/images]/ID`, over https; over
 * http with the scheme glance+http. Undefined for anything else.
 */
export function parseGlanceAddress(address: string): GlanceAddress | undefined {
  const [, scheme = "", rest = ""] = /^(glance(?:\+http)?):\/\/([^\s?#@]+)$/.exec(address) ?? [];
  if (rest === "") return undefined;
  if (!rest.includes("/")) {
    if (scheme !== "glance") return undefined;
    if (id.test(rest)) return { image: { id: rest }, endpoint: null };
    const name = decoded(rest);
    return name === undefined || name.length > 255 ? undefined : { image: { name }, endpoint: null };
  }
  const parts = rest.split("/");
  const last = parts.pop() ?? "";
  if (!id.test(last)) return undefined;
  if (parts.at(-1) === "images") parts.pop();
  if (/^v[12](?:\.\d+)?$/.test(parts.at(-1) ?? "")) parts.pop();
  const endpoint = `${scheme === "glance" ? "https" : "http"}://${parts.join("/")}`;
  return URL.parse(endpoint) === null || parts[0] === "" ? undefined : { image: { id: last }, endpoint };
}

/** Whether a text is the address of a service: http or https, without user and password, query or blanks. At most 2048 characters. */
export function isServiceAddress(text: string): boolean {
  const url = text.length > 2048 || /[\s?#]/.test(text) ? null : URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
