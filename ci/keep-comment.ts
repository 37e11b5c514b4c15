import type { Forge, Post } from "./forge.ts";

/** Makes a report the one comment with this marker on a change: creates it, or updates the one that an earlier run wrote. */
export async function keepComment(forge: Forge, change: number, marker: string, body: string): Promise<Post> {
  const found = await forge.findComment(change, marker);
  if (found === undefined) return forge.createComment(change, marker, body);
  return forge.updateComment(change, found, body);
}
