/** The user whom cloud-init makes in the official cloud images of a distribution, by libosinfo's short name of it. */
const usual: Readonly<Record<string, string>> = {
  almalinux: "almalinux",
  alpinelinux: "alpine",
  amazonlinux: "ec2-user",
  arch: "arch",
  centos: "cloud-user",
  "centos-stream": "cloud-user",
  cirros: "cirros",
  debian: "debian",
  fedora: "fedora",
  freebsd: "freebsd",
  opensuse: "opensuse",
  rhel: "cloud-user",
  rocky: "rocky",
  sles: "sles",
  ubuntu: "ubuntu",
};

/** The login user of guests of an image with these properties; undefined when the properties do not name it. Pure. */
export function adminUser(properties: Readonly<Record<string, string>> = {}): string | undefined {
  const distribution = properties["os_distro"]?.toLowerCase() ?? "";
  return properties["os_admin_user"] ?? (Object.hasOwn(usual, distribution) ? usual[distribution] : undefined);
}
