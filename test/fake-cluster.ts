/**
 * Two or more nodes without a wire: whole chats over one memory store, with peers that hear at once and an
 * attendance in memory. What the real ones promise is tested with Redis and sockets elsewhere.
 */
import { PrimError } from "../src/base/errors.ts";
import type { ChannelId, NodeId } from "../src/base/ids.ts";
import type { Attendance, Attended, Attendee } from "../src/core/attendance.ts";
import type { Store } from "../src/core/channel-log.ts";
import type { Directory, PeerQuestions, Whole } from "../src/core/directory.ts";
import type { Peers } from "../src/core/peers.ts";
import { FakeChat, type FakeChatOptions } from "./fake-chat.ts";

export class FakeCluster {
  readonly nodes = new Map<NodeId, FakeChat>();
  readonly #silent = new Set<NodeId>();
  readonly #rooms = new Map<ChannelId, Map<NodeId, Set<string>>>();
  /** While true nobody's coming or going can be noted. */
  attendanceIsAway = false;

  /** Adds a node. All share the store of the first. */
  add(name: string, options: FakeChatOptions = {}): FakeChat {
    const nodeId = name as NodeId;
    const [first] = this.nodes.values();
    const others = () => [...this.nodes.keys()].filter((other) => other !== nodeId);
    const node = new FakeChat({
      ...options,
      wrap: (own) => {
        const store = first?.store ?? own;
        return sharedStore(store, others);
      },
      peers: this.#peersOf(),
      questions: this.#questionsOf(nodeId),
      attendance: this.#attendanceOf(nodeId),
    });
    this.nodes.set(nodeId, node);
    return node;
  }

  /** Forgets what the node noted, as if it had died and been cleared away. */
  forget(name: string): void {
    for (const room of this.#rooms.values()) room.delete(name as NodeId);
  }

  /** The node answers no more questions. */
  silence(name: string): void {
    this.#silent.add(name as NodeId);
  }

  #questionsOf(nodeId: NodeId): PeerQuestions {
    const all = () => [...this.nodes.keys()].filter((other) => other !== nodeId);
    const ask = async <T>(
      nodes: readonly NodeId[],
      question: (directory: Directory) => Promise<Whole<T>>,
    ) => {
      const silent = nodes.filter((node) => this.#silent.has(node));
      const answers: T[] = [];
      for (const node of nodes) {
        const chat = this.nodes.get(node);
        if (chat === undefined || silent.includes(node)) continue;
        answers.push((await question(chat.ownDirectory)).value);
      }
      return { answers, silent };
    };
    return {
      isOnline: (nodes, ...question) => ask(nodes, (directory) => directory.isOnline(...question)),
      listUsers: (query) => ask(all(), (directory) => directory.listUsers(query)),
      listByPlatform: (query) => ask(all(), (directory) => directory.listByPlatform(query)),
      kick: (nodes, command) => ask(nodes, (directory) => directory.kick(command)),
    };
  }

  #peersOf(): Peers {
    return {
      forward: (nodes, message) => {
        for (const node of nodes) this.nodes.get(node)?.delivery.deliver(message);
      },
      relay: (nodes, channel, push) => {
        for (const node of nodes) this.nodes.get(node)?.fanout.publish(channel, push);
      },
    };
  }

  #attendanceOf(nodeId: NodeId): Attendance {
    const setOf = (room: ChannelId): Set<string> => {
      const sets = this.#rooms.get(room) ?? new Map<NodeId, Set<string>>();
      this.#rooms.set(room, sets);
      const own = sets.get(nodeId) ?? new Set<string>();
      sets.set(nodeId, own);
      return own;
    };
    const members = (room: ChannelId) =>
      [...(this.#rooms.get(room)?.values() ?? [])].reduce((sum, set) => sum + set.size, 0);
    const outcome = (room: ChannelId, name: string, moved: boolean): Attended => {
      const others = [...(this.#rooms.get(room) ?? [])].filter(([node]) => node !== nodeId);
      const changed = moved && !others.some(([, set]) => set.has(name));
      return {
        changed,
        members: members(room),
        nodes: [...this.nodes.keys()].filter((node) => node !== nodeId),
      };
    };
    const reach = () => {
      if (this.attendanceIsAway) throw new PrimError("unavailable", "The attendance is away");
    };
    return {
      async enter(room, user) {
        reach();
        const own = setOf(room);
        const moved = !own.has(nameOf(user));
        own.add(nameOf(user));
        return outcome(room, nameOf(user), moved);
      },
      async exit(room, user) {
        reach();
        return outcome(room, nameOf(user), setOf(room).delete(nameOf(user)));
      },
      async count(room) {
        return members(room);
      },
    };
  }
}

function sharedStore(store: Store, others: () => NodeId[]): Store {
  return {
    async append(request) {
      return { ...(await store.append(request)), nodes: others() };
    },
    join: (channel) => store.join(channel),
    heads: (channels) => store.heads(channels),
    leave: (channel) => store.leave(channel),
    interested: async () => others(),
    read: (channel, range) => store.read(channel, range),
    mark: (channel, userId, position) => store.mark(channel, userId, position),
    marked: (channel, userId, epoch) => store.marked(channel, userId, epoch),
    close: () => store.close(),
  };
}

function nameOf({ userId, appPlatform }: Attendee): string {
  return `${appPlatform}:${userId}`;
}
