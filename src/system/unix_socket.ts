/**
 * Sockets of this machine (unix(7)), named by paths.
 *
 * @module
 */

import { dirname } from "node:path";

/** Connects to the socket at `path`. @throws {Error} what the system says */
export function connectUnix(path: string): Promise<Deno.UnixConn> {
  return Deno.connect({ transport: "unix", path });
}

/**
 * Sends one datagram to the socket at `path`; a leading zero byte means an abstract name.
 *
 * @throws {Error} what the system says
 */
export async function sendUnixDatagram(path: string, text: string): Promise<void> {
  // An abstract name of its own leaves no file behind; Deno takes an empty one only with all rights.
  const own = `\0portunus-${crypto.randomUUID()}`;
  const socket = Deno.listenDatagram({ transport: "unixpacket", path: own });
  try {
    await socket.send(new TextEncoder().encode(text), { transport: "unixpacket", path });
  } finally {
    socket.close();
  }
}

/**
 * Listens at `path` with mode 0660; a directory that is missing is made, with mode 0750. What a
 * process that was killed left there is removed.
 *
 * @throws {Error} what the system says, or that another process listens there
 */
export async function listenUnix(path: string): Promise<Deno.UnixListener> {
  const directory = dirname(path);
  // A directory that is there already keeps its mode: it may be /tmp.
  if (await missing(directory)) await Deno.mkdir(directory, { recursive: true, mode: 0o750 });
  await removeStale(path);
  const listener = Deno.listen({ transport: "unix", path });
  try {
    await Deno.chmod(path, 0o660);
    return listener;
  } catch (error) {
    listener.close();
    throw error;
  }
}

const missing = (path: string): Promise<boolean> => Deno.stat(path).then(() => false, () => true);

/**
 * Removes a socket that nobody serves.
 *
 * @throws {Error} when somebody does, or when it is not a socket
 */
async function removeStale(path: string): Promise<void> {
  const info = await Deno.lstat(path).catch(() => null);
  if (info === null) return;
  if (info.isSocket !== true) throw new Error(`${path} is there and is not a socket`);
  const conn = await connectUnix(path).catch(() => null);
  if (conn !== null) {
    conn.close();
    throw new Error(`another process serves ${path}`);
  }
  await Deno.remove(path);
}
