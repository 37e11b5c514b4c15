/**
 * What the name of a backing file in a header means, as `diskSource` writes sources: an absolute path, or `rbd:pool/image` and the like. `path`: the file
 * with the header, which a relative name is relative to. Pure.
 */
export function backingSource(name: string, path: string): string {
  if (name.startsWith("json:")) return sourceOfJson(name, path);
  const plain = name.startsWith("file:") ? name.slice("file:".length) : name;
  if (plain.startsWith("/")) return plain;
  const protocol = /^(\w[\w+.-]*):(.*)$/s.exec(plain);
  // `rbd:pool/image:conf=/etc/ceph/ceph.conf`
  if (protocol !== null) return `${protocol[1]}:${protocol[2]?.split(":")[0] ?? ""}`;
  return normalized(`${path.slice(0, path.lastIndexOf("/"))}/${plain}`);
}

function sourceOfJson(name: string, path: string): string {
  let options: unknown;
  try {
    options = JSON.parse(name.slice("json:".length));
  } catch {
    return name;
  }
  const text = (key: string) => valueAt(options, key);
  const file = text("file.filename") ?? text("filename");
  if (file !== undefined) return backingSource(file, path);
  const [pool, image] = [text("file.pool") ?? text("pool"), text("file.image") ?? text("image")];
  return pool === undefined || image === undefined ? name : `rbd:${pool}/${image}`;
}

/** A text at a path of keys, which qemu accepts nested and joined by dots. */
function valueAt(options: unknown, path: string): string | undefined {
  if (typeof options !== "object" || options === null) return undefined;
  const members = options as Readonly<Record<string, unknown>>;
  const direct = members[path];
  if (typeof direct === "string") return direct;
  const [first = "", ...rest] = path.split(".");
  return rest.length === 0 ? undefined : valueAt(members[first], rest.join("."));
}

function normalized(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}
