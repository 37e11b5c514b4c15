import type { GlanceImage } from "../../tools/openstack/image.ts";
import { type GlanceClient, imagesOf } from "./client.ts";

/**
 * The images that fit a query, first those that Glance lists, and where none of them is wanted those that are hidden (`os_hidden`), as openstacksdk
 * finds them. `what`: for messages.
 */
export async function listedOrHidden(
  client: GlanceClient,
  query: URLSearchParams,
  what: string,
  isWanted: (image: GlanceImage) => boolean = () => true,
): Promise<readonly GlanceImage[]> {
  const list = async (asked: URLSearchParams) =>
    imagesOf(await client.call({ method: "GET", path: `/v2/images?${asked}`, what })).filter(isWanted);
  const listed = await list(query);
  return listed.length > 0 ? listed : await list(new URLSearchParams([...query, ["os_hidden", "true"]]));
}
