/** The stable codes of problems with programs on the host, and what each means. */
export const codes: Readonly<Record<string, string>> = {
  "base-image-not-touched": "The time of a base image cannot be set, so its last use is not recorded.",
  "ceph-missing": "The Python bindings of Ceph are not installed.",
  "cloud-auth-type": "A cloud is configured with a way to log in that is not supported.",
  "cloud-incomplete": "The settings of a cloud are incomplete.",
  "cloud-invalid": "The settings of a cloud cannot be used.",
  "cloud-missing": "No cloud is chosen, or the chosen one is not configured.",
  "guestfs-failed": "The appliance of libguestfs does not start on the host.",
  "guestfs-missing": "libguestfs is not installed on the host.",
  "image-inspection-aborted": "Looking at an image took too much time or memory and was stopped.",
  "inject-no-file-system": "libguestfs does not find the file system of a root disk into which something is injected.",
  "libvirt-refused": "libvirt refused a request. The summary has its words, the detail what helps.",
  "lvm-missing": "LVM is not installed on the host.",
  "mkfs-missing": "The program that makes a filesystem is not installed on the host.",
  "volume-in-use": "A logical volume is in use.",
  "xml-malformed": "An XML document of libvirt cannot be read.",
};
