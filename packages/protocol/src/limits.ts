/**
 * Every bound of the protocol and of what one peer may make the other hold or wait for.
 * Published as docs/LIMITS.md; a test keeps the two equal. Units are the last word of each name.
 * Used on every thread of both programs.
 */

const KiB = 1024;
const MiB = 1024 * KiB;

export const limits = {
  /** The unit of verification, retry and resume. Smaller wastes headers, larger wastes re-sent bytes after a cut. */
  blockBytes: MiB,
  /** Block index is u32 on the wire, so a file holds at most 4 PiB. */
  fileBlocks: 2 ** 32,
  /** A frame's body before login: a stranger can make us hold no more than this. */
  helloFrameBytes: 4 * KiB,
  /** A control frame's body after login. A peer can make us decode no more than this at once. */
  controlFrameBytes: 64 * KiB,
  /** The same on a lane, whose largest message holds a pack of small files; a client takes it on every connection. */
  laneFrameBytes: 160 * KiB,
  /** A block frame's body: header and one block. */
  blockFrameBytes: MiB + 64,
  /** msgpack nesting; no message needs more than 5. Deeper is an attack on the decoder's stack. */
  msgpackDepth: 8,
  /** msgpack items in one frame. One listing page is the largest honest message (7 items a row). */
  msgpackItems: 8192,
  /** One name, as the file systems we serve have it. */
  nameBytes: 255,
  /** A whole path on the wire. */
  pathBytes: 4096,
  /** Components of a path; each costs one descriptor for an instant. */
  pathDepth: 128,
  /** Text of an error, a user name, a client's name. */
  textBytes: 1024,
  /** Rows in one page of a listing… */
  pageEntries: 1000,
  /** …or this many bytes of them, whichever comes first; keeps a page below controlFrameBytes. */
  pageBytes: 48 * KiB,
  /** Rows of one listing that a client takes: a server that never stops must not fill its memory. */
  listEntries: 10_000_000,
  /** Requests a connection may have unanswered. More are not read until some are answered. */
  controlInFlight: 64,
  /** …or bodies of unanswered requests of this many bytes in all, blocks aside, whichever comes first. */
  bytesInFlight: 2 * MiB,
  /** Requests a second of one connection, blocks aside; more are read later… */
  requestsPerSecond: 2000,
  /** …and so many at once before: a walk through a large tree is not held up. */
  requestBurst: 8000,
  /** Blocks one read request may ask for. Small, so that files sharing a lane take turns. */
  readBlocks: 16,
  /** A part of a block that is asked for or sent by itself, at a limited rate; keeps the message below controlFrameBytes. */
  sliceBytes: 32 * KiB,
  /** Bytes that one look into a file may ask for; keeps the answer below controlFrameBytes. */
  rangeBytes: 48 * KiB,
  /** Files of this size at most travel several in one message… */
  packedFileBytes: 16 * KiB,
  /** …so many at most… */
  packFiles: 64,
  /** …with this much content in all; keeps the message below laneFrameBytes. */
  packBytes: 128 * KiB,
  /** Blocks in a row that a server may wish to have over one lane. */
  runBlocks: 64,
  /** Uploads one lane may hold open. */
  laneUploads: 64,
  /** Files that a lane keeps open between two reads of them; more are opened again when their turn comes. */
  laneOpenFiles: 16,
  /** Lanes of one session. */
  sessionLanes: 16,
  /** Unread bytes of one link before its sender must wait for `drain`. */
  linkBufferBytes: MiB,
  /** Block buffers one server thread may hold at once; lanes beyond wait their turn. */
  workerBlockBuffers: 64,
  /** From accept to finished TLS handshake. */
  handshakeMs: 10_000,
  /** From accept to logged in, absolute: a slow stranger gains nothing by dribbling. */
  loginMs: 20_000,
  /** From a frame's first byte to its last. */
  frameMs: 60_000,
  /** A link with nothing to say sends a ping this often… */
  pingMs: 15_000,
  /** …and one that heard nothing for this long is dead. */
  deadMs: 45_000,
  /** A peer that takes no byte for this long while we have some for it is dropped. */
  stallMs: 60_000,
  /** How long a request may wait for its reply (listings: for each page). */
  requestMs: 60_000,
  /** From issue of a ticket to its use. */
  ticketMs: 60_000,
  /** How long a server that was told to stop lets transfers finish. */
  drainMs: 30_000,
  /** Sockets of one server that are not logged in yet. For one more, a silent one has to go, or it has to go itself. */
  strangers: 1000,
  /** A stranger that has said nothing for so long may have to go for another one. */
  silentMs: 1000,
  /** Logins that one thread has in hand at once; who has spoken meanwhile waits in line, so that sessions are not held up. */
  workerLogins: 50,
  /** A password in UTF-8; longer ones are not looked at. */
  passwordBytes: 1024,
  /** Password checks of one server that wait for their turn; each takes about 0.1 s. More are told to come back. */
  passwordsWaiting: 64,
  /** Logged-in connections of one server, sessions and lanes together, where there are descriptors for them. */
  connections: 10_000,
  /** Descriptors that are kept for files, databases and the log; where there are few, half of them. */
  reservedDescriptors: 512,
  /** A worker thread says this often that it is alive… */
  heartbeatMs: 1000,
  /** …and is ended when it has worked for so long, in time of the processor, and said nothing. */
  stuckMs: 5000,
  /** Connections of one address (IPv6: /64), this machine's own excepted. One ferry has up to sessionLanes + 1… */
  sourceConnections: 200,
  /** …of which so many may be not logged in yet. */
  sourceStrangers: 64,
  /** Long works (copying, searching…) that one session may have under way. */
  sessionWorks: 8,
  /** Failures in one part of a long work's answer; keeps it below controlFrameBytes whatever their paths are. */
  partFailures: 12,
  /** Hits that one search gives at most. */
  findHits: 10_000,
  /** Deletions that one request names. */
  trashIds: 1000,
  /** Entries of an archive that is unpacked. */
  unpackEntries: 1_000_000,
  /** Paths of one share… */
  sharePaths: 256,
  /** …with this much in all, as they are on the wire; keeps the message below controlFrameBytes. */
  sharePathBytes: 48 * KiB,
  /** Shares of one account that have not ended. */
  shares: 100,
  /** A server that has not heard of the others for so long lets nobody with an account do anything: who was sent away may be among them. */
  cutOffMs: 300_000,
  /** Downloads of each file that a share may be bounded to, and devices that any share lets in. */
  shareDownloads: 1000,
  /** Files that one message tells of as having arrived. */
  receivedFiles: 64,
  /** The longest invite that is looked at. */
  inviteBytes: 512,
  /** Folders that one session watches. */
  sessionWatches: 16,
  /** Folders that one server watches. */
  watchedFolders: 4096,
  /** Rows and names in one piece of news of a folder; what changes more is listed again. */
  newsRows: 64,
  /** What somebody lets others see of what moves; of more only the number. */
  shownMoves: 3,
  /** The name of what a message between a server's threads or machines is about. */
  busSubjectBytes: 128,
  /** One such message. */
  busMessageBytes: 64 * KiB,
  /** Messages that one thread may have under way to another; more are dropped, and who would have heard them looks for itself. */
  busWindowMessages: 256,
  /** The same in bytes; a last message may exceed it. */
  busWindowBytes: MiB,
  /** Servers that one server knows of beside it. */
  busServers: 4096,
  /** Threads of another server that it hears from. */
  busMembers: 1024,
  /** A server says this often that it is there, or less often where there are many… */
  busBeatMs: 1000,
  /** …and is taken for gone when so many of ours have come back and none of its has come. */
  busGoneBeats: 4,
  /** What one server may have under way to the others; more is dropped, as on the way between threads. */
  busLineBytes: 4 * MiB,
  /** Answers of other servers that one server waits for at once. */
  busCalls: 1024,
  /** One message of the chat; with a path it has pathBytes more. */
  chatTextBytes: 4 * KiB,
  /** A sealed message: a text, a path, what authenticates them, and padding to 64 bytes. */
  chatBoxBytes: 8320,
  /** The name of a room. */
  chatRoomNameBytes: 64,
  /** Rooms of one server, those between two people included… */
  chatRooms: 1000,
  /** …of which so many may be made by one account. */
  chatOwnRooms: 20,
  /** Rooms that one session is in at once. */
  chatJoined: 64,
  /** Messages of a room that are kept… */
  chatHistory: 1000,
  /** …with so many bytes of text in all; the oldest go first… */
  chatHistoryBytes: 256 * KiB,
  /** …and none for longer. A room in which nobody spoke for so long goes too. */
  chatHistoryMs: 30 * 86_400_000,
  /** Messages a second of one account, over all its connections, and of one connection… */
  chatPerSecond: 5,
  /** …and so many at once. */
  chatBurst: 20,
} as const;
