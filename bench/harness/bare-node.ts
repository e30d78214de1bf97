/**
 * A node without prim, in a process of its own: what one of its members says it writes to all of them and to the next node, and
 * what comes from another node to its members. Its port is the first line that it prints; it ends with its parent.
 */
import type { Socket } from "bun";

/** The first byte of a connection that is a link and not a member's. */
const LINK = "l".charCodeAt(0);

const members = new Set<Socket<{ isLink: boolean }>>();
const [nextPort] = process.argv.slice(2).map(Number);
const next =
  nextPort === undefined
    ? undefined
    : await Bun.connect({ hostname: "127.0.0.1", port: nextPort, socket: { data: () => {} } });
next?.setNoDelay(true);
next?.write(new Uint8Array([LINK]));

const server = Bun.listen<{ isLink: boolean }>({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    open(socket) {
      socket.data = { isLink: false };
      socket.setNoDelay(true);
      members.add(socket);
    },
    data(socket, bytes) {
      if (!socket.data.isLink && bytes[0] === LINK) {
        socket.data.isLink = true;
        members.delete(socket);
        return;
      }
      for (const member of members) member.write(bytes);
      if (!socket.data.isLink) next?.write(bytes);
    },
    close: (socket) => void members.delete(socket),
  },
});
console.log(server.port);
