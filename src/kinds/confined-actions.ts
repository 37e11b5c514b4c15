/**
 * Types of actions that create objects, or change a guest, its disks and its config drive and nothing that another guest can use. All others are
 * refused beside an instance that cannot be read, also those of registered kinds.
 */
export const confinedActions: ReadonlySet<string> = new Set([
  "disk.create",
  "disk.grow",
  "disk.label",
  "disk.restrict",
  "domain.adjust",
  "domain.define",
  "domain.exchange",
  "domain.files",
  "domain.plug",
  "domain.release",
  "domain.restore",
  "domain.resume",
  "domain.start",
  "domain.stop",
  "domain.wait",
  "image.digest",
  "image.fetch",
  "network.create",
  "seed.build",
  "seed.restrict",
  "volume.create",
]);
