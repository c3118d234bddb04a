/* The page: one file, mapped by the PBX's library and by the harness (harness/ringproof/clock/page.py keeps the same layout).
 *
 * All of it is aligned 8-byte words, each with one writer, written by one store: a reader never waits, and a writer
 * that is killed at any moment leaves every word whole. Times are nanoseconds. "PBX time" here counts from the boot
 * of this machine like CLOCK_MONOTONIC and gets ahead of it by what the clock has raced; `epoch` makes a date of it.
 */
#ifndef RINGPROOF_PAGE_H
#define RINGPROOF_PAGE_H

#include <stdint.h>

#define PAGE_MAGIC UINT64_C(0x52494e4750524f46) /* "RINGPROF" */
#define PAGE_VERSION 5
#define PEERS 256
#define FLOW_ONE 1000 /* thousandths of a PBX second per real second */

struct clock_record { /* from CLOCK_MONOTONIC `since` on, PBX time is `value` and flows at `flow` */
    int64_t value, since, flow;
};

struct clock_peer { /* one phone, as seen by everybody who could owe it something, or be owed */
    uint64_t key;                /* harness: IPv4 address << 16 | UDP port, host order; 0: nobody */
    uint64_t muted;              /* harness: it is not to be waited for (its process is stopped) */
    uint64_t pbx_sent;           /* library: SIP datagrams sent to it */
    uint64_t pbx_received;       /* library: SIP datagrams received from it */
    uint64_t handled, sent;      /* phone: SIP datagrams that it has dealt with, and sent */
    uint64_t told, done;         /* phone: messages told to the conductor, verbs done */
    uint64_t taken, asked;       /* conductor: messages dealt with, verbs asked for */
    uint64_t spare[6];
};

struct clock_page {
    uint64_t magic, version;
    int64_t epoch;               /* harness, once: nanoseconds since 1970 at PBX time 0 */
    int64_t made;                /* harness, once: CLOCK_REALTIME when the page was made */
    int64_t cap;                 /* conductor: the clock may race until this PBX time, and no further; 0: it is held */
    int64_t speed;               /* conductor: PBX seconds per real second while it races; 1: never */
    uint64_t manager_port;       /* conductor: TCP port of its end of the manager connection */
    uint64_t manager_taken;      /* conductor: bytes of it that it has dealt with */
    uint64_t news;               /* anybody: changes with every word above and with every phone's words; a futex */
    uint64_t owner;              /* library: process id of the PBX; 0: nobody has this page in use */
    uint64_t manager_sent;       /* library: bytes written to the conductor */
    uint64_t steps;              /* library: how often the clock stepped */
    int64_t raced;               /* library: by how much PBX time is ahead of real time, in all */
    uint64_t obstacle;           /* library: why the clock does not race now (enum obstacle; peer number << 8) */
    int64_t stall;               /* library: how late its own alarm rang at worst while time was held at 1 */
    int64_t highest;             /* library: the highest PBX time that anybody was told */
    uint64_t index;              /* library: record index & 1 counts; one store flips */
    struct clock_record record[2];
    uint64_t manager_said;       /* conductor: bytes that it is about to write, or has written */
    uint64_t manager_heard;      /* library: bytes of them that the PBX has read */
    uint64_t peers;              /* conductor: how many of `peer`, from the first on, have a phone or had one */
    int64_t step;                /* conductor: steps of the dialplan end at multiples of this PBX time; 0: when they do */
    int64_t step_from;           /* conductor: none of them ends before this PBX time */
    uint64_t executed;           /* library: how many steps of the dialplan have begun */
    uint64_t spare[35];
    struct clock_peer peer[PEERS]; /* last: what nobody uses is neither looked at nor copied */
};

enum obstacle { /* why the clock does not race; told in reports, so the numbers stay */
    FREE = 0,
    HELD = 1,       /* by the conductor */
    THREADS = 2,    /* a thread of the PBX runs, or waits in a call that is not ours */
    CHILD = 3,      /* a child process of the PBX lives */
    PEER = 4,       /* a datagram, message or verb of a phone is on its way */
    MANAGER = 5,    /* the conductor has not dealt with all of what the manager interface told */
    DESCRIPTOR = 6, /* something that a thread waits for can be read */
    PACE = 7,       /* `speed` */
    AWAITED = 8,    /* the conductor, whose moment has come */
    ANSWER = 9,     /* a name server's answer is on its way, or has not been read */
};

_Static_assert(sizeof(struct clock_peer) == 128, "two cache lines");
_Static_assert(sizeof(struct clock_page) == 512 + PEERS * 128, "harness/ringproof/clock/page.py knows this layout");

#endif
