/** An official cloud image: a disk with cloud-init, for x86-64. */
export interface CloudImage {
  readonly title: string;
  readonly source: string;
  /** Where the publisher has its checksums. */
  readonly checksums: string;
  /** Their OpenPGP signature: its address, absent where the checksums contain it, and where to get the keys. Absent: they are not signed. */
  readonly signed?: { readonly signature?: string; readonly keys: string };
  /** libosinfo's name of the distribution, for `os_distro`. */
  readonly distribution: string;
  /** What a guest of it needs. The disk is at least as large as that of the image. */
  readonly ram: string;
  readonly disk: string;
}

const fedora = "https://download.fedoraproject.org/pub/fedora/linux/releases/44/Cloud/x86_64/images";
const alma = "https://repo.almalinux.org/almalinux/10/cloud/x86_64/images";
const rocky = "https://dl.rockylinux.org/pub/rocky/10/images/x86_64";
const leap = "https://download.opensuse.org/distribution/leap/16.0/appliances/openSUSE-Leap-16.0-Minimal-VM.x86_64-Cloud.qcow2";
const alpine = "https://dl-cdn.alpinelinux.org/alpine/v3.24/releases/cloud/generic_alpine-3.24.1-x86_64-bios-cloudinit-r0.qcow2";
const cirros = "https://download.cirros-cloud.net/0.6.3";
const ubuntu = "https://cloud-images.ubuntu.com";
const ubuntuKeys = "https://ubuntu.com/tutorials/how-to-verify-ubuntu";

/** The images that `virtform init` knows, by the name that they get. */
export const cloudImages: Readonly<Record<string, CloudImage>> = {
  "debian-13": {
    title: "Debian 13 (trixie)",
    source: "https://cloud.debian.org/images/cloud/trixie/latest/debian-13-generic-amd64.qcow2",
    checksums: "https://cloud.debian.org/images/cloud/trixie/latest/SHA512SUMS",
    distribution: "debian",
    ram: "1GiB",
    disk: "10GiB",
  },
  "ubuntu-26.04": {
    title: "Ubuntu 26.04 LTS",
    source: `${ubuntu}/resolute/current/resolute-server-cloudimg-amd64.img`,
    checksums: `${ubuntu}/resolute/current/SHA256SUMS`,
    signed: { signature: `${ubuntu}/resolute/current/SHA256SUMS.gpg`, keys: ubuntuKeys },
    distribution: "ubuntu",
    ram: "1GiB",
    disk: "10GiB",
  },
  "ubuntu-24.04": {
    title: "Ubuntu 24.04 LTS",
    source: `${ubuntu}/noble/current/noble-server-cloudimg-amd64.img`,
    checksums: `${ubuntu}/noble/current/SHA256SUMS`,
    signed: { signature: `${ubuntu}/noble/current/SHA256SUMS.gpg`, keys: ubuntuKeys },
    distribution: "ubuntu",
    ram: "1GiB",
    disk: "10GiB",
  },
  "fedora-44": {
    title: "Fedora 44",
    source: `${fedora}/Fedora-Cloud-Base-Generic-44-1.7.x86_64.qcow2`,
    checksums: `${fedora}/Fedora-Cloud-44-1.7-x86_64-CHECKSUM`,
    signed: { keys: "https://fedoraproject.org/security" },
    distribution: "fedora",
    ram: "1GiB",
    disk: "10GiB",
  },
  "almalinux-10": {
    title: "AlmaLinux 10",
    source: `${alma}/AlmaLinux-10-GenericCloud-latest.x86_64.qcow2`,
    checksums: `${alma}/CHECKSUM`,
    signed: { keys: "https://almalinux.org/security" },
    distribution: "almalinux",
    ram: "2GiB",
    disk: "20GiB",
  },
  "rocky-10": {
    title: "Rocky Linux 10",
    source: `${rocky}/Rocky-10-GenericCloud-Base.latest.x86_64.qcow2`,
    checksums: `${rocky}/CHECKSUM`,
    distribution: "rocky",
    ram: "2GiB",
    disk: "20GiB",
  },
  "opensuse-16.0": {
    title: "openSUSE Leap 16.0",
    source: leap,
    checksums: `${leap}.sha256`,
    distribution: "opensuse",
    ram: "2GiB",
    disk: "30GiB",
  },
  "alpine-3.24": {
    title: "Alpine Linux 3.24",
    source: alpine,
    checksums: `${alpine}.sha512`,
    distribution: "alpinelinux",
    ram: "512MiB",
    disk: "2GiB",
  },
  "cirros-0.6.3": {
    title: "CirrOS 0.6.3, 21 MiB: for trying things",
    source: `${cirros}/cirros-0.6.3-x86_64-disk.img`,
    checksums: `${cirros}/SHA256SUMS`,
    distribution: "cirros",
    ram: "256MiB",
    disk: "1GiB",
  },
};

/** The image that is proposed. */
export const usualImage = "debian-13";
