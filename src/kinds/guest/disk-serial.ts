/** Serial of a disk without one of its own: stable, and within the 20 characters of virtio. The guest sees it as `/dev/disk/by-id/virtio-…`. */
export function diskSerial(uuid: string, name: string): string {
  const role = name === "disk" ? "root" : name.replace(/^disk\./, "");
  return `${uuid.replaceAll("-", "").slice(0, 11)}-${role}`.slice(0, 20);
}
