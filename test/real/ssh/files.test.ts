import { after } from "node:test";
import { createSshHost } from "../../../src/host/ssh/ssh.ts";
import { copyCases } from "../../unit/host/copy-cases.ts";
import { fileCases } from "../../unit/host/file-cases.ts";
import { startSshd } from "./sshd.ts";

const sshd = await startSshd({ after });
process.env["VIRTFORM_SSH"] = sshd.program;
const host = createSshHost(sshd.target);
after(() => host.close());

fileCases("over ssh", host.files);
copyCases("over ssh", host.files);
