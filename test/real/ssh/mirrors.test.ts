import { after } from "node:test";
import { downloadWithCurl } from "../../../src/host/ssh/download.ts";
import { createSshHost } from "../../../src/host/ssh/ssh.ts";
import { mirrorCases } from "../../unit/host/mirror-cases.ts";
import { startSshd } from "./sshd.ts";

const sshd = await startSshd({ after });
process.env["VIRTFORM_SSH"] = sshd.program;
const host = createSshHost(sshd.target);
after(() => host.close());

mirrorCases("over ssh", (request) => downloadWithCurl((command) => host.run(command), host.files, request, { retries: 3, pauseMs: 1 }));
