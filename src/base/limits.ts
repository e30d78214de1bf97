/**
 * Every bound in prim, each with its reason. What an operator may change has its default here
 * and its range in config/; the rest is fixed. A bound without an overflow test is a bug.
 */

// Names and ids.

/** The reference system takes 19 bytes; 64 hold a UUID, an e-mail address of usual length, or 21 Chinese characters. */
export const USER_ID_BYTES_MAX = 64;
/** A room's name, in characters after `room:`. As long as a user id, for rooms named after things with ids. */
export const ROOM_NAME_CHARS_MAX = 64;
/** A seq is echoed, stored and compared; the reference's are about 20 characters, a UUID is 36. */
export const SEQ_BYTES_MAX = 128;
export const NICKNAME_BYTES_MAX = 64;
/** The de-facto limit of URLs in browsers and caches. */
export const URL_BYTES_MAX = 2_048;
export const SECRET_BYTES_MAX = 512;
export const FILE_NAME_BYTES_MAX = 255;
/** A token is a JWT at most; 8 KiB is what HTTP servers allow for one header. */
export const SERVICE_TOKEN_BYTES_MAX = 8_192;

// Frames and sessions.

/** Default of `limits.frameBytesMax`: a long chat text with room to spare; media travels by URL. */
export const FRAME_BYTES_MAX = 64 * 1024;
/** Default of `limits.backlogBytesMax`: what a slow reader may leave unread before it is closed and recovers from the log. */
export const BACKLOG_BYTES_MAX = 1024 * 1024;
/** Default of `limits.framesPerSecond`, per session: far above any person or back end, far below what would starve others. */
export const FRAMES_PER_SECOND = 5_000;
/** Frames that wait while a session's login, join or leave is under way; beyond it they are refused. */
export const WAITING_FRAMES_MAX = 1_024;
/** Default of `limits.connectionsMax`: what one process holds below the usual 20,000 open files, the rest being files and peers. */
export const CONNECTIONS_MAX = 1_000_000;
/** Default of `limits.channelsPerSessionMax`: rooms one session may be in, beside its inbox and the broadcast. */
export const CHANNELS_PER_SESSION_MAX = 128;
/** Sessions of one user on one node: a person's devices and tabs with room to spare. */
export const SESSIONS_PER_USER_MAX = 64;
/** Bun's idle timer takes at most 960 s. */
export const HEARTBEAT_SECONDS_MAX = 960;
/** Connections and logins after which garbage is collected: some 4 MB of it, and 3 to 6 us of collecting for each. */
export const COLLECT_EVERY_ARRIVALS = 500;
/** How often their number is looked at: a node takes about 500 logins in that time. */
export const COLLECT_PERIOD_MS = 50;
/** Arrivals after which everything is looked through, once nobody has come for a while: 3 us for each who is here. */
export const COLLECT_ALL_ARRIVALS = 2_500;
/** How long that while is: who comes in a crowd has come, and a pause of 30 ms for ten thousand meets few. */
export const COLLECT_ALL_QUIET_MS = 1_000;
/** The same for each other node, at most: a crowd comes to all of them at the same time, and they may share a few cores. */
export const COLLECT_ALL_SPREAD_MS = 500;
/** Two ticks of the runtime's 4-second timer wheel: a shorter time could not be kept. */
export const HEARTBEAT_SECONDS_MIN = 8;

/** How far the time by which frames are counted and clients are heard may be behind: a fiftieth of the second they are counted in. */
export const CLOCK_COARSE_MS = 20;

/** Subscribers up to which a topic is written to in one go: 5 ms. Rooms of a thousand fit. */
export const TOPIC_SUBSCRIBERS_MAX = 1_024;
/** Subscribers of each further slice of it: a millisecond, or four with cold caches, after which others get their turn. */
export const SLICE_SUBSCRIBERS_MAX = 128;
/** What waits for the turn of a slice, in characters; beyond it it is written at once. Far below what a slow reader may leave unread. */
export const SLICE_PENDING_CHARS_MAX = 64 * 1024;
/** Frames that a slice gets in one turn from which on there is no rest after it: a room that is this busy needs the time. */
export const SLICE_BUSY_FRAMES = 16;
/** A rest that ends so late was ended late because others want the cores: above what timers do. */
export const SLICE_LATE_MS = 2;
/** A rest is at most so many times as long as what it follows, and at most so long. */
export const SLICE_REST_FACTOR_MAX = 128;
export const SLICE_REST_MS_MAX = 1_000;

// Channels and logs.

/** Default of `history.countMax`, messages kept per channel. */
export const HISTORY_COUNT_MAX = 100_000;
/** Default of `history.ageSeconds`: 30 days. */
export const HISTORY_AGE_SECONDS = 30 * 24 * 3_600;
/** Messages in one page of history: one read of a few milliseconds. */
export const HISTORY_PAGE_MAX = 1_000;
export const HISTORY_PAGE_DEFAULT = 100;
/** Bytes of JSON in one page of history that a client gets: half of what a slow reader may leave unread by default. */
export const HISTORY_PAGE_BYTES_MAX = 512 * 1024;
/** A session that missed more than this is told `recovered: false` and reads history as it needs it. */
export const RECOVER_MESSAGES_MAX = 5_000;
/** Positions in one login: the session's channels and then some. */
export const POSITIONS_PER_LOGIN_MAX = 256;
/** Memory log: messages per channel; history that must be longer belongs on disk. */
export const MEMORY_MESSAGES_PER_CHANNEL_MAX = 10_000;
/** Memory log: messages over all channels, somewhat over 1 GB of RSS with 100-byte texts; the channel idle longest is forgotten first. */
export const MEMORY_MESSAGES_MAX = 1_000_000;
/** Memory log: channels that have a log. */
export const MEMORY_CHANNELS_MAX = 200_000;
/** Remembered client message ids in the memory log; beyond it the oldest half is forgotten early. */
export const MEMORY_SENDS_REMEMBERED_MAX = 1_000_000;
/** Read marks in the memory log; beyond it the mark that was moved longest ago is forgotten. */
export const MEMORY_MARKS_MAX = 1_000_000;
/** Appends that wait for the disk; beyond it a send is refused with `unavailable`. About a second of full load. */
export const APPEND_QUEUE_MAX = 65_536;
/** The same in characters of JSON, for long messages: a few seconds of a slow disk. */
export const APPEND_QUEUE_CHARS_MAX = 64 * 1024 * 1024;
/** Writes in one transaction: some 50 ms, after which other work gets its turn. */
export const COMMIT_WRITES_MAX = 4_096;
/** Channels whose heads the SQLite log keeps in memory, about 50 MB; more than one transaction can touch. */
export const HEADS_CACHED_MAX = 100_000;
/** The SQLite log trims a channel each time this many messages were appended to it. */
export const TRIM_EVERY = 128;
/** Rows deleted by one trimming: more than TRIM_EVERY, so that it catches up, and few enough for about a millisecond. */
export const TRIM_ROWS_MAX = 512;
/** How often a store looks for what has become too old. */
export const SWEEP_PERIOD_MS = 1_000;
/** The same while the last look found something: others get their turn in between. */
export const SWEEP_BUSY_PERIOD_MS = 20;
/** Rows deleted by one sweep, and channels one sweep of the memory log forgets. */
export const SWEEP_ROWS_MAX = 2_048;
/** Channels looked at by one sweep: about a millisecond of lookups. */
export const SWEEP_CHANNELS_MAX = 256;
/** A repeated send by a client is recognised for 10 minutes: longer than any reconnect backoff. */
export const SEND_WINDOW_MS = 10 * 60_000;
/** A repeated `msgId` of a back end is recognised for 12 hours, as in the reference system. */
export const MSG_ID_WINDOW_MS = 12 * 3_600_000;

// Rooms.

/** Default of `room.announceMax`: members up to which comings and goings are pushed one by one. */
export const ROOM_ANNOUNCE_MAX = 200;
/** The shortest time between two `members` frames of one room. */
export const MEMBERS_FRAME_PERIOD_MS = 1_000;
/** `members` deliveries of one room per second, on all nodes together: in a room of 100,000 the frame comes every 40 s, not every second. */
export const MEMBERS_DELIVERIES_PER_SECOND = 2_500;
/** Newest names in a `members` frame. */
export const MEMBERS_NEWEST_MAX = 10;
/** Users in one answer of a user list. */
export const USER_LIST_PAGE_MAX = 1_000;
/** Senders who are told by one read mark that they were read. */
export const READ_RECEIPTS_MAX = 100;
/** Sessions listed by `/system/state?isDebug=true`. */
export const DEBUG_LIST_MAX = 1_000;

// Nodes.

/** Default of `cluster.leaseSeconds`: a node that was killed is gone for everyone by then; it is renewed every third of it. */
export const LEASE_MS = 10_000;
/** The longest lease: so long may users of a dead node seem online. */
export const LEASE_MS_MAX = 120_000;
/** The shortest lease: a third of it is still long beside a round trip to the registry and a pause of the runtime. */
export const LEASE_MS_MIN = 2_000;
/** The shortest time between two looks at who lives, when somebody names an unknown node. */
export const LIVING_LOOK_MS_MIN = 100;
/** Nodes that were named and are being looked for; a cluster starts few at the same moment. */
export const UNKNOWN_NODES_MAX = 16;
/** What waits for one of them to be found, which takes up to LIVING_LOOK_MS_MIN and a round trip. */
export const HELD_ITEMS_MAX = 4_096;
/** Nodes remembered as not there when something was meant for them: deaths of some days. */
export const NODES_MISSED_MAX = 1_024;
/** Nodes that may have a link to this one: far above what one Redis serves. */
export const INBOUND_LINKS_MAX = 1_024;
/** Items in one frame of a link. */
export const LINK_BATCH_ITEMS_MAX = 1_000;
/** The same in characters: some 0.5 ms of work for the one who reads it, after which others get their turn. */
export const LINK_BATCH_CHARS_MAX = 256 * 1024;
/** Items that wait for a peer; beyond it they are dropped and the peer reads the log. About a second of full load. */
export const LINK_QUEUE_ITEMS_MAX = 65_536;
/** The same in characters of JSON; items for several peers are kept once. A longer message is left to the log. */
export const LINK_QUEUE_CHARS_MAX = 8 * 1024 * 1024;
/** One frame between nodes: a single item as long as the queue, at three bytes a character, and its frame. */
export const LINK_FRAME_BYTES_MAX = 3 * LINK_QUEUE_CHARS_MAX + 64 * 1024;
/** Frames after which they are acknowledged at once, and bytes; else after LINK_ACK_MS. An acknowledgement costs as much as a frame. */
export const LINK_ACK_FRAMES = 64;
export const LINK_ACK_BYTES = 1024 * 1024;
export const LINK_ACK_MS = 50;
/** A link with nothing to say says so. */
export const LINK_KEEPALIVE_MS = 2_000;
/** Silence of the other end after which a link is broken: three keepalives, below the default lease. */
export const LINK_SILENCE_MS_MAX = 6_000;
/** From the attempt to the welcome: two lost packets and a busy peer. */
export const LINK_OPEN_MS_MAX = 3_000;
/** Links that a node opens at the same time, at first and at least: one peer that does not answer must not stop the others. */
export const LINK_OPENINGS_MIN = 2;
/** The same at most; the others wait for their turn. */
export const LINK_OPENINGS_MAX = 8;
/** A link over which nothing was said for so long is given up. The first message after it waits for a round trip. */
export const LINK_REST_MS = 10_000;
/** The bound of the wait before the first repeated attempt, and of the longest. */
export const LINK_RETRY_MS_MIN = 100;
export const LINK_RETRY_MS_MAX = 10_000;
/** What a peer gets to take the rest when this node stops. */
export const LINK_CLOSE_MS_MAX = 2_000;
/** While a living peer is out of reach the log is looked at this often: it costs a read for each open channel. */
export const OUT_OF_REACH_RESYNC_MS = 30_000;
/** The shortest time between two looks at all open channels. */
export const RESYNC_PERIOD_MS = 250;
/** What a peer gets to answer a question; then it counts as silent. People and back ends wait for the answer. */
export const PEER_ANSWER_MS_MAX = 1_000;
/** Calls to one peer at the same time; beyond it the peer counts as silent. */
export const PEER_CALLS_MAX = 256;
/** How long a peer that did not answer is left alone, at first and at most: calls are made by people and back ends who wait. */
export const PEER_CALL_RETRY_MS_MIN = 500;
export const PEER_CALL_RETRY_MS_MAX = 5_000;
/**
 * Who clears after a dead node holds a lock for so long, renewed with every step; a step may begin in the first half, and the
 * other half is for clocks of a Redis Cluster that differ. A clearer that dies delays the next one by it, and the node's return.
 */
export const CLEAR_LOCK_MS = 10_000;
/**
 * How long the users of a node that stopped in order may take to come back elsewhere before others are told that they went: the
 * first few attempts of a client, whose waits double from 0.5 s.
 */
export const LEFT_GRACE_MS = 10_000;
/** How often a node that came back asks whether who cleared after it has stopped. */
export const CLEAR_STOPPED_PERIOD_MS = 20;
/** How long it asks in one renewal of its lease: one who lives stops within milliseconds, and for the others it comes again. */
export const CLEAR_STOPPED_MS_MAX = 400;
/** Keys looked at by one step of clearing: well under a millisecond of Redis. */
export const CLEAR_KEYS_PER_STEP = 1_000;
/** Rooms cleared by one round trip, which are as many as nobody announces if the clearer dies then. */
export const CLEAR_ROOMS_AT_ONCE = 64;
/** Users of one room cleared by one script: about a millisecond when each is looked for at some other nodes. */
export const CLEAR_USERS_AT_ONCE = 500;
/** Comings and goings of one room in one script: under a millisecond. Those that come meanwhile wait for the next. */
export const ATTENDANCE_CALLS_PER_SCRIPT = 256;
/** Goings that could not be noted while Redis was away, to be noted when it is back: some 20 MB. Beyond it they stay noted until the node is gone. */
export const OWED_EXITS_MAX = 100_000;
/** Comings and goings that wait for Redis; beyond it they are refused with `unavailable`. Less than a second of full load. */
export const ATTENDANCE_QUEUE_MAX = 65_536;
/** How long a message waits for the one before it, which comes by another way, before the log is read. */
export const GAP_WAIT_MS = 20;
/** The wait before a gap that could not be filled is tried again. */
export const GAP_RETRY_MS = 1_000;
/** Messages of one channel that wait for one before them; beyond it the log is read instead. */
export const EARLY_MESSAGES_MAX = 512;
/** Channels joined again at the same time after the store was away: a few milliseconds of the store's time. */
export const RESYNC_CHANNELS_AT_ONCE = 512;
/** Channels whose heads are asked for at once after a link broke: a millisecond or two of the store's time. */
export const HEADS_AT_ONCE = 1_024;

// Workers.

/** Workers of one machine: more than any machine has cores for. */
export const WORKERS_MAX = 256;
/** From a worker's start until it listens; a slow disk and a Redis that is just starting included. */
export const WORKER_STARTUP_MS_MAX = 30_000;
/** The first wait before a worker that ended by itself is started again; the longest is below. */
export const WORKER_RESTART_MS_MIN = 200;
export const WORKER_RESTART_MS_MAX = 20_000;
/** Who lived that long did not fail at the start: its next wait is a short one. */
export const WORKER_HEALTHY_MS = 60_000;
/** How long an answer about the whole machine waits for a busy worker. */
export const WORKER_REPORTS_MS_MAX = 1_000;

// RPC.

/** One message of a call, either way: what gRPC clients take by default, and 1,000 recipients with the longest content fit. */
export const RPC_MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
/** Calls and streams at once on one connection; gRPC libraries open another connection or wait beyond it. */
export const RPC_STREAMS_PER_CONNECTION_MAX = 1_000;
/** Connections to the RPC port: back ends, operators and peers keep a few each; browsers come by the HTTP port. */
export const RPC_CONNECTIONS_MAX = 10_000;
/** Request headers of a call: a token of 8 KiB and as much again for what proxies add. */
export const RPC_HEADER_BYTES_MAX = 16 * 1024;
/** Streams that a connection may reset at once: its own streams ten times over, as when a proxy drops all its callers. */
export const RPC_RESETS_BURST_MAX = 10 * RPC_STREAMS_PER_CONNECTION_MAX;
/** Resets a second after the burst. A stream opened and reset takes some 0.25 ms, so who does nothing else takes a quarter of a core. */
export const RPC_RESETS_PER_SECOND_MAX = RPC_STREAMS_PER_CONNECTION_MAX;
/** Deadlines of callers: timers take 31 bits of milliseconds (24.8 days), and would fire at once beyond them. */
export const RPC_DEADLINE_MS_MAX = 2 ** 31 - 1;
/** Field violations told in one error: gRPC details travel in trailers, which clients bound at 8 KiB. */
export const RPC_VIOLATIONS_MAX = 10;

/** A page of history over RPC, in bytes of JSON, which is the longer of its two encodings: within one message, with room to spare. */
export const RPC_HISTORY_BYTES_MAX = 3 * 1024 * 1024;
/** Recipients of one SendToUsers that are stored at the same time: they share commits, and others get their turn. */
export const SENDS_AT_ONCE_MAX = 64;
/** Logins over RPC that are remembered, each at most 4 KB; beyond it the one idle longest has to log in again. */
export const RPC_LOGINS_MAX = 50_000;
/** How long a login over RPC lasts. */
export const RPC_LOGIN_MS_MAX = 24 * 3_600_000;
/** Pushes in one response of a stream. */
export const STREAM_BATCH_MAX = 1_000;
/** The same in bytes of JSON: far below one message, since a reader waits for the whole of it. */
export const STREAM_BATCH_BYTES_MAX = 1024 * 1024;
/** A quiet stream says that it is alive: proxies cut what is silent for 60 s or, some, 30 s. */
export const STREAM_HEARTBEAT_MS = 15_000;
/** Users in an answer of the reference system's GetUserList, which has no pages: 64 bytes each fill one message. */
export const REFERENCE_USER_LIST_MAX = 50_000;

// Beside the reference system.

/** How often this node says that it lives, in the reference system's words, as that system's nodes do. */
export const REFERENCE_REGISTER_MS = 60_000;
/** A node or user of the reference system that said nothing for so long is gone; both systems hold to it. */
export const REFERENCE_ALIVE_SECONDS = 180;
/** Life of the list of servers, and of a node's mark in prim's own. */
export const REFERENCE_SERVERS_SECONDS = 2 * 3_600;
/** Life of a user's record. */
export const REFERENCE_USER_SECONDS = 24 * 3_600;
/** Life of a mark that a back end's message was taken. */
export const REFERENCE_SUBMITTED_SECONDS = 12 * 3_600;
/** How often the records of all users here are written anew: two may fail, and the user is still online for the reference system. */
export const REFERENCE_SWEEP_MS = 60_000;
/** The wait before what failed, a registration or a sweep, is tried again. */
export const REFERENCE_RETRY_MS = 5_000;
/** Records written in one step: some 3 ms of Redis. */
export const REFERENCE_RECORDS_AT_ONCE = 256;
/** Users whose records wait to be written; beyond it the sweep writes who came, and who went runs out. Some 30 MB. */
export const REFERENCE_RECORDS_DUE_MAX = 100_000;
/** What records and messages for old nodes get when this node stops; records that are left run out. */
export const REFERENCE_STOP_MS_MAX = 3_000;
/** How long the list of old nodes is taken as it was read: an old node that starts is told of what is said within this time. */
export const OLD_NODES_FRESH_MS = 1_000;
/** Old nodes that are spoken to; one Redis serves no more of them. */
export const OLD_NODES_MAX = 256;
/** One call to an old node; the reference system gives its own calls 1 s. */
export const OLD_NODE_CALL_MS_MAX = 1_500;
/** Calls to one old node at the same time, apart from questions; those about one room or user go one after the other. */
export const OLD_NODE_LANES = 8;
/** Calls that wait for one old node; beyond it they are dropped. About a second of full load. */
export const OLD_NODE_QUEUE_MAX = 4_096;
/** The same in characters of text. */
export const OLD_NODE_QUEUE_CHARS_MAX = 4 * 1024 * 1024;
/** Messages whose way to old nodes is being looked for; beyond it old nodes are not told. As many as Redis answers in a second or so. */
export const OLD_NODES_TELLING_MAX = 16_384;
/** Questions to one old node at the same time; beyond it the node counts as silent. */
export const OLD_NODE_QUESTIONS_MAX = 64;
/** Failures in a row after which an old node is left alone, and for how long: then one more decides. */
export const OLD_NODE_FAILURES_MAX = 3;
export const OLD_NODE_REST_MS = 5_000;
/** How long it is remembered that a coming or going was told in this cluster: calls for one come within a second. */
export const REFERENCE_TOLD_SECONDS = 60;

// HTTP and stopping.

/** Words that go with a close: what a WebSocket close frame has room for (RFC 6455, section 5.5). */
export const CLOSE_TEXT_BYTES_MAX = 123;

/** Addresses read in one X-Forwarded-For: a request passes two or three proxies, and a longer list is nobody's honest one. */
export const FORWARDED_HOPS_MAX = 16;
/** A body of the HTTP interface: one message in a form or JSON, percent-encoded at worst. */
export const HTTP_BODY_BYTES_MAX = 256 * 1024;
/** From the first signal to exit: what is in flight is finished or given up by then. */
export const DRAIN_MS_MAX = 10_000;

// Redis.

/** How long a start tries to reach Redis, which may be starting too: most of what a supervisor waits before it tries again. */
export const REDIS_START_MS_MAX = 5_000;
/** Default of `redis.timeoutMs`: far above any call, and what a person waits without sending again. */
export const REDIS_TIMEOUT_MS = 2_000;
/** Waits between attempts to connect, doubled each time: a restart is over in a second, and a thousand nodes must not knock all at once. */
export const REDIS_RETRY_MS_MIN = 50;
export const REDIS_RETRY_MS_MAX = 2_000;
/** Calls to Redis without an answer; beyond it they are refused. Redis does about as many in a second. */
export const REDIS_CALLS_MAX = 32_768;
/** How often a node looks whether all servers of a Redis Cluster answer again. */
export const REDIS_PROBE_PERIOD_MS = 500;
/** Operations in one script call: some 3 ms, in which Redis does nothing else. */
export const REDIS_TURN_OPERATIONS_MAX = 256;
/** The same in characters, but at least one operation: for long messages. */
export const REDIS_TURN_CHARS_MAX = 1024 * 1024;
/** So long after its last message was too old a channel is forgotten: epochs don't change with every message of a short-lived channel. */
export const CHANNEL_FORGET_LAG_MS = 10_000;
