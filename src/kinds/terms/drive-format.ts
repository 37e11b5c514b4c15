/** What a config drive is: a CD or a disk with OpenStack's files, or a CD with those of NoCloud. */
export type DriveFormat = "iso9660" | "vfat" | "nocloud";

/** The device that a guest has such a drive as. */
export function driveDevice(format: DriveFormat): "cdrom" | "disk" {
  return format === "vfat" ? "disk" : "cdrom";
}

/** The name of its filesystem, by which cloud-init and others find it. */
export function driveLabel(format: DriveFormat): string {
  return format === "nocloud" ? "cidata" : "config-2";
}

/** Where the user data is on it. */
export function userDataPath(format: DriveFormat): string {
  return format === "nocloud" ? "user-data" : "openstack/latest/user_data";
}
