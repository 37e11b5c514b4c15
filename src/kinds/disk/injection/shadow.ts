/**
 * /etc/shadow with another password hash for root (Nova INJ-10: root has to be in passwd and shadow). Only that field changes. Pure.
 */
export function withPassword(
  passwd: string | undefined,
  shadow: string | undefined,
  hash: string,
): { readonly text: string } | { readonly why: string } {
  if (passwd === undefined || shadow === undefined) return { why: "the image has no /etc/passwd and /etc/shadow" };
  const isRoot = (line: string) => line.startsWith("root:");
  if (!passwd.split("\n").some(isRoot)) return { why: "root is not in /etc/passwd of the image" };
  const lines = shadow.split("\n");
  if (!lines.some(isRoot)) return { why: "root is not in /etc/shadow of the image" };
  const changed = lines.map((line) => {
    if (!isRoot(line)) return line;
    const [name, , ...rest] = line.split(":");
    return [name, hash, ...rest].join(":");
  });
  return { text: changed.join("\n") };
}
