import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { notices } from "./notices.ts";
import { checkout, manifest, repository, sourceTime } from "./project.ts";
import { run } from "./run.ts";
import { sharedLibraries } from "./shared-libraries.ts";
import { webReadme } from "./web-readme.ts";

const maintainer = "virtform developers <virtform@users.noreply.github.com>";

/** What a host of guests needs: a machine that only reaches hosts over ssh does without. */
const recommended = [
  "libvirt-daemon-system",
  "qemu-system-x86 | qemu-system",
  "qemu-utils",
  "dosfstools",
  "e2fsprogs",
  "mtools",
  "openssh-client",
];
const suggested = ["bash-completion", "ceph-common", "cryptsetup-bin", "gpgv", "lvm2", "ovmf", "swtpm"];

/** What lintian finds, and why it stays. */
const overrides = `# Node.js is linked with its own copies of libraries, and is no position-independent executable.
virtform: embedded-library
virtform: hardening-no-pie
# This package is not part of Debian.
virtform: initial-upload-closes-no-bugs
`;

/**
 * Makes the Debian package from the one-file binary: with the manual page, completion for bash, zsh and fish, schemas and examples. `weak`
 * compresses less, which takes a fraction of the time. Gives the path of the file.
 */
export function makeDeb(binary: string, to: string, { weak }: { readonly weak: boolean }): string {
  const stage = mkdtempSync(join(tmpdir(), "virtform-deb-"));
  const time = sourceTime();
  try {
    const root = join(stage, "root");
    const put = (path: string, content: string | Buffer, mode = 0o644) => {
      const target = join(root, path);
      mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
      writeFileSync(target, content);
      chmodSync(target, mode);
    };
    const zipped = (path: string, content: string | Buffer) => put(`${path}.gz`, gzipSync(content, { level: 9 }));
    const text = (path: string) => readFileSync(join(checkout, path), "utf8");
    mkdirSync(join(root, "usr/bin"), { recursive: true });
    copyFileSync(binary, join(root, "usr/bin/virtform"));
    chmodSync(join(root, "usr/bin/virtform"), 0o755);
    zipped("usr/share/man/man1/virtform.1", text("docs/virtform.1"));
    for (const [shell, path] of Object.entries(completions)) put(path, run(binary, ["completion", shell]));
    for (const schema of globSync("schemas/*.json", { cwd: checkout })) put(`usr/share/virtform/${schema}`, text(schema));
    const doc = "usr/share/doc/virtform";
    zipped(`${doc}/README.md`, webReadme(text("README.md"), manifest.version));
    zipped(`${doc}/changelog`, text("CHANGELOG.md"));
    zipped(`${doc}/changelog.Debian`, changelog(time));
    put(`${doc}/copyright`, copyright(time.getUTCFullYear()));
    zipped(`${doc}/third-party-notices.txt`, notices());
    put("usr/share/lintian/overrides/virtform", overrides);
    for (const example of globSync("examples/**/*.*", { cwd: checkout })) put(`${doc}/${example}`, text(example));

    const files = globSync("**/*", { cwd: root })
      .filter((path) => statSync(join(root, path)).isFile())
      .sort();
    const size = files.reduce((sum, path) => sum + statSync(join(root, path)).size, 0);
    put("DEBIAN/md5sums", files.map((path) => `${digest(join(root, path))}  ${path}\n`).join(""));
    put("DEBIAN/control", control(sharedLibraries(binary), Math.ceil(size / 1024)));
    for (const path of [root, ...globSync("**/*", { cwd: root }).map((path) => join(root, path))]) {
      if (statSync(path).isDirectory()) chmodSync(path, 0o755);
      utimesSync(path, time, time);
    }
    const name = `virtform_${manifest.version}-1_${architecture()}.deb`;
    run("dpkg-deb", ["--root-owner-group", ...(weak ? ["-Zgzip", "-z1"] : ["-Zxz"]), "--build", root, join(stage, name)]);
    const target = join(to, name);
    copyFileSync(join(stage, name), `${target}.part`);
    renameSync(`${target}.part`, target);
    return target;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

const completions = {
  bash: "usr/share/bash-completion/completions/virtform",
  zsh: "usr/share/zsh/vendor-completions/_virtform",
  fish: "usr/share/fish/vendor_completions.d/virtform.fish",
};

/** Debian's name of the processor. */
function architecture(): string {
  return run("dpkg", ["--print-architecture"]).trim();
}

function digest(path: string): string {
  return createHash("md5").update(readFileSync(path)).digest("hex");
}

function control(libraries: string, kibibytes: number): string {
  return `Package: virtform
Version: ${manifest.version}-1
Architecture: ${architecture()}
Maintainer: ${maintainer}
Installed-Size: ${kibibytes}
Depends: ${libraries}
Recommends: ${recommended.join(", ")}
Suggests: ${suggested.join(", ")}
Section: admin
Priority: optional
Homepage: ${manifest.homepage}
Description: plan and apply for libvirt/KVM hosts
 virtform makes a libvirt host match a configuration in YAML: images, flavors,
 key pairs, volumes and instances. "virtform plan" shows what would change and
 what each change means for a running guest, and "virtform apply" makes exactly
 these changes. There is no state file; the host is the state.
 .
 Hosts are this machine or others over ssh, on which nothing is installed.
`;
}

function changelog(time: Date): string {
  const date = time.toUTCString().replace("GMT", "+0000");
  return `virtform (${manifest.version}-1) unstable; urgency=medium

  * The changes of this version are in changelog.gz.

 -- ${maintainer}  ${date}
`;
}

const copyright = (year: number) => `virtform is at ${repository}.

Copyright ${year} the virtform developers. Licence: Apache-2.0. On Debian systems, its
full text is in /usr/share/common-licenses/Apache-2.0.

/usr/bin/virtform contains Node.js ${process.version}, Copyright Node.js contributors, under
the licence of https://github.com/nodejs/node/blob/${process.version}/LICENSE, and the
packages whose licences are in third-party-notices.txt.gz.
`;
