import type { Host } from "../../src/model/host.ts";

/** The members of a host as functions that keep their host, for a host of which a test replaces some. */
export function boundHost(host: Host): Host {
  return {
    name: host.name,
    run: (command) => host.run(command),
    open: (command) => host.open(command),
    dial: (path) => host.dial(path),
    connect: (...to) => host.connect(...to),
    account: () => host.account(),
    files: host.files,
    download: (request) => host.download(request),
    unpack: (request) => host.unpack(request),
    ...(host.upload === undefined ? {} : { upload: host.upload }),
    ...(host.libvirtUri === undefined ? {} : { libvirtUri: host.libvirtUri }),
    lock: (request, work) => host.lock(request, work),
    isLocked: (path) => host.isLocked(path),
    now: () => host.now(),
    onClose: (end) => host.onClose(end),
    close: () => host.close(),
  };
}
