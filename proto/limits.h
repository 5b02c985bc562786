/*
 * limits - every bound that a peer, a file or an operator can reach, in one place, each with its reason.
 */
#ifndef PROTO_LIMITS_H
#define PROTO_LIMITS_H

#include <stdint.h>

/* One ZeroMQ message. Also what an unauthenticated peer can make a relay hold, so it stays small. */
#define LIMIT_MESSAGE_BYTES (256 * 1024)
/* What is gathered into one message before it is sent: per-message overhead is what fan-out costs. */
#define LIMIT_GATHER_BYTES (64 * 1024)
/* One frame: a message less its length and type. */
#define LIMIT_FRAME_BYTES (LIMIT_MESSAGE_BYTES - 5)
/* Frames in one message: bounds the work that one message can ask for. */
#define LIMIT_FRAMES 4096
/* An alert is small: the photo travels apart. Padme padding included. */
#define LIMIT_BODY_BYTES (64 * 1024)
#define LIMIT_HEADER_BYTES (16 * 1024)
/* Below this every body looks alike in size. */
#define LIMIT_BODY_PAD_BYTES 1024
#define LIMIT_BLOB_BYTES (4 * 1024 * 1024)
#define LIMIT_BLOBS 8
#define LIMIT_BLOB_CHUNK_BYTES (64 * 1024)
/* Of the largest file. Chunks carry a header or a tag on top: bounded by wire_rules. */
#define LIMIT_BLOB_CHUNKS (LIMIT_BLOB_BYTES / LIMIT_BLOB_CHUNK_BYTES)
/* Chunks that one BlobWant asks for: what a photo may put before an alert on a slow line. */
#define LIMIT_BLOB_WINDOW 2
/* A picture that a person hands in: what a camera makes. It leaves as 400 kB. */
#define LIMIT_PICTURE_BYTES (20 * 1024 * 1024)
#define LIMIT_PICTURE_PIXELS (50 * 1000 * 1000)
/* Progressive JPEGs of thousands of scans cost hours for a few kilobytes. */
#define LIMIT_PICTURE_SCANS 100
/* What leaves: a side, a size, and the thumbnail that travels in the body. */
#define LIMIT_PHOTO_SIDE_PX 1600
#define LIMIT_PHOTO_BYTES (400 * 1000)
#define LIMIT_THUMBNAIL_SIDE_PX 320
#define LIMIT_THUMBNAIL_BYTES (12 * 1024)
/* What decoding may cost. */
#define LIMIT_PICTURE_MEMORY_BYTES (256 * 1024 * 1024)
#define LIMIT_PICTURE_CPU_S 5
/* Members of a roster and so recipients of one envelope: 1,024 grants of 110 bytes fit a message. */
#define LIMIT_RECIPIENTS 1024
#define LIMIT_MEMBERS 16384
#define LIMIT_RELAYS 16
#define LIMIT_AUTHORITY_KEYS 16
#define LIMIT_FORMER_KEYS 8
/* A roster of 10,000 members of 250 bytes. Larger than a message: it is cut into Rosters pages by a file seed only. */
#define LIMIT_ROSTER_BYTES (4 * 1024 * 1024)
#define LIMIT_ROSTERS_PER_FRAME 64
#define LIMIT_CARDS_PER_FRAME 512
#define LIMIT_OFFERS 500
#define LIMIT_RECEIPTS 500
#define LIMIT_GAP_NUMBERS 500

#define LIMIT_ID_CHARS 40
#define LIMIT_NAME_BYTES 120
#define LIMIT_ENDPOINT_BYTES 255
#define LIMIT_ENDPOINTS 4
#define LIMIT_PHONE_CHARS 16
#define LIMIT_LANGUAGES 16
#define LIMIT_LANGUAGE_CHARS 35
/* All countries that there are. */
#define LIMIT_COUNTRIES 256
#define LIMIT_SENTENCE_BYTES 300
#define LIMIT_SOFTWARE_BYTES 80

/* Shortest and longest life of an alert. */
#define LIMIT_VALIDITY_DEFAULT_US (INT64_C(72) * 3600 * 1000000)
#define LIMIT_VALIDITY_MAX_US (INT64_C(30) * 24 * 3600 * 1000000)
/* A sender's clock may run ahead of a relay's by this much: an hour wrong (a summer time set twice) must delay no
 * alert, years wrong must not keep a relay's store busy for years. */
#define LIMIT_FUTURE_US (INT64_C(24) * 3600 * 1000000)
/* (sender, id) -> hash, receipts owed and finished closings are kept this long after expiry. */
#define LIMIT_AFTERLIFE_US (INT64_C(30) * 24 * 3600 * 1000000)
/* An expired roster is used, loudly, for this long. */
#define LIMIT_ROSTER_GRACE_US (INT64_C(30) * 24 * 3600 * 1000000)

#define LIMIT_OPENINGS_PER_MINUTE 30
#define LIMIT_UPDATES_PER_MINUTE 60
#define LIMIT_OPEN_CASES 2000
/* Drafts of one node, all in memory: far more than a desk writes, and an autosave that went astray is noticed. The
 * bytes are those of its JSON, which is longer than the body that it becomes. */
#define LIMIT_DRAFTS 200
#define LIMIT_DRAFT_BYTES (2 * LIMIT_BODY_BYTES)
/* What an import had to say about its file. */
#define LIMIT_DRAFT_NOTES_CHARS 8000
/* A draft is about a child too: it ends when nobody has touched it for so long. */
#define LIMIT_DRAFT_LIFE_US (INT64_C(30) * 24 * 3600 * 1000000)
/* Drills scheduled at one node, and those of the last month. */
#define LIMIT_DRILLS 200
/* Posters registered at one node. */
#define LIMIT_POSTERS 2000
#define LIMIT_POSTER_PHONE_BYTES 32
/* Why somebody sent a case without the second person that it needed. */
#define LIMIT_BREAK_GLASS_CHARS 500
/* Handover notes of one node, all in memory: a desk that needs more has lost sight of them. */
#define LIMIT_NOTES 200
#define LIMIT_NOTE_CHARS 4000
#define LIMIT_NOTES_LIFE_US (INT64_C(72) * 3600 * 1000000)
/* People of one hotline who may log in, their programs, and how often one person may be logged in. */
#define LIMIT_USERS 200
#define LIMIT_TOKENS 50
#define LIMIT_SESSIONS_PER_USER 5
/* A shift, and one that is overrun. */
#define LIMIT_SESSION_IDLE_US (INT64_C(12) * 3600 * 1000000)
#define LIMIT_SESSION_LIFE_US (INT64_C(16) * 3600 * 1000000)
#define LIMIT_PASSWORD_CHARS_LEAST 12
/* Argon2id of a login: OWASP's second choice and more, so that two at a time fit a small machine beside the node. */
#define LIMIT_LOGIN_MEMORY_BYTES (64 * 1024 * 1024)
#define LIMIT_LOGIN_OPERATIONS 3
#define LIMIT_LOGINS_AT_A_TIME 2
/* In each of two queues: known devices and addresses, and strangers (node/argon.h). */
#define LIMIT_LOGINS_WAITING 8
#define LIMIT_TOKEN_DAYS 366
/* Unanswered Deliver per node: far under ZeroMQ's high-water mark, so that it never decides. */
#define LIMIT_CREDIT_MESSAGES 256
#define LIMIT_CREDIT_BYTES (4 * 1024 * 1024)
#define LIMIT_HWM 4096

#define LIMIT_PULSE_MS 5000
/* A peer that was silent for so long is shown as gone. */
#define LIMIT_SILENCE_MS 16000
/* What was sent and not answered is sent again after this. */
#define LIMIT_RESEND_MS 5000

/* JSON and YAML that a person or a program hands in. */
#define LIMIT_INPUT_BYTES (1024 * 1024)
#define LIMIT_INPUT_DEPTH 16
/* A file of envelopes carried by hand: what the API takes in one body; one case has few that are current. */
#define LIMIT_SEALED_BYTES LIMIT_INPUT_BYTES
#define LIMIT_SEALED_ENVELOPES 64

/* Argon2id for key files: libsodium's "moderate". The parameters stand in each file; above these they are refused. */
#define LIMIT_ARGON_MEMORY_BYTES (1024u * 1024 * 1024)
#define LIMIT_ARGON_OPERATIONS 16
#define LIMIT_PASSPHRASE_BYTES 1024
#define LIMIT_KEYFILE_BYTES 8192

/* Webhooks: receivers, the length of an address, and what is sent and logged in all. A receiver that is down for a day
 * while its hotline is busy leaves what is over: the oldest goes first. */
#define LIMIT_HOOKS 20
#define LIMIT_HOOK_URL_BYTES 500
#define LIMIT_DISPATCHES 1000
#define LIMIT_DISPATCH_BYTES 600
/* Under way at a time, in all and to one receiver: one that hangs does not hold up the others. */
#define LIMIT_DISPATCH_FLIGHTS 8
#define LIMIT_DISPATCH_BESIDE 2
/* How long it is tried: a receiver of webhooks may be down over night; a mail or a command that comes hours late wakes
 * nobody in time. */
#define LIMIT_DISPATCH_WEB_US (INT64_C(24) * 3600 * 1000000)
#define LIMIT_DISPATCH_MAIL_US (INT64_C(6) * 3600 * 1000000)
#define LIMIT_DISPATCH_COMMAND_US (INT64_C(15) * 60 * 1000000)
/* One try, whole; what an answer or a command's output may have before it is cut off. */
#define LIMIT_DISPATCH_TRY_MS 10000
#define LIMIT_DISPATCH_ANSWER_BYTES 65536

#endif
