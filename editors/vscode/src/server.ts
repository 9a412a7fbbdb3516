// Where the language server is.

import * as fs from "node:fs/promises";
import * as path from "node:path";
import * as vscode from "vscode";

const program = process.platform === "win32" ? "quire-lsp.exe" : "quire-lsp";

/** Why there is no server, in words for whoever wants one. */
export class NoServer extends Error {}

/**
 * Finds the server: the one that the setting names, else the one in this
 * extension, which packages for a platform have, else the one in the PATH.
 */
export async function findServer(context: vscode.ExtensionContext): Promise<string> {
  const named = vscode.workspace.getConfiguration("quire").get<string>("path", "").trim();
  if (named !== "") {
    const file = named.replace(/^~(?=$|[/\\])/, process.env["HOME"] ?? "~");
    if (!path.isAbsolute(file)) {
      throw new NoServer(`The setting quire.path has to be an absolute path, and is "${named}".`);
    }
    if (!(await isProgram(file))) {
      throw new NoServer(`The setting quire.path names ${file}, which is no program.`);
    }
    return file;
  }
  const bundled = context.asAbsolutePath(path.join("bin", program));
  if (await isProgram(bundled)) {
    return bundled;
  }
  for (const dir of (process.env["PATH"] ?? "").split(path.delimiter)) {
    // A relative one would let the folder that is open choose the program.
    if (path.isAbsolute(dir) && (await isProgram(path.join(dir, program)))) {
      return path.join(dir, program);
    }
  }
  throw new NoServer(
    "quire-lsp, the language server of quire, is not in the PATH. " +
      "Install it, or say in the setting quire.path where it is.",
  );
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await fs.access(file, fs.constants.X_OK);
    return (await fs.stat(file)).isFile();
  } catch {
    return false;
  }
}
