/* What pjproject is built with, where its own defaults are those of one soft phone. See README.md for what was measured.
 * Assertions stay on: a phone in a state that its library holds impossible ends with the library's own words.
 */

/* One process may be all phones of an office (4 and 8 by default; a larger number at run time is clamped in silence). */
#define PJSUA_MAX_CALLS 512
#define PJSUA_MAX_ACC 512

/* A transport for each account. pjsua's own table of them has 8 places in the source, which the Dockerfile changes. */
#define PJSIP_MAX_TRANSPORTS 512

/* The conference bridge: for each phone its tone, for each call its sound, and what is recorded or played. */
#define PJSUA_MAX_CONF_PORTS 2048
#define PJSUA_MAX_RECORDERS 512
#define PJSUA_MAX_PLAYERS 512

/* The sockets of calls, two each. A closed one keeps its place for 500 ms more (PJ_IOQUEUE_KEY_FREE_DELAY), and where
 * none is left the process is aborted: 1,000 INVITEs refused within 0.5 s take 2,000. */
#define PJ_IOQUEUE_MAX_HANDLES 8192

/* Hash tables and the first size of the table of timers, which all grow. Each refused INVITE is remembered for 5 s
 * (timer I, RFC 3261). Has to be 2^n - 1. */
#define PJSIP_MAX_TSX_COUNT 4095
#define PJSIP_MAX_DIALOG_COUNT 2047

/* A burst waits in the socket: the kernel gives what net.core.rmem_max allows, twice its default where nobody set it. */
#define PJSIP_UDP_SO_RCVBUF_SIZE (4 * 1024 * 1024)

/* What a PBX may write: long messages, and SDP that offers everything (32 formats and 68 attributes by default). The log
 * has each message whole: it is read by the phone, and is evidence. */
#define PJSIP_MAX_PKT_LEN 8000
#define PJ_LOG_MAX_SIZE 9000
#define PJSIP_MAX_URL_SIZE 512
#define PJMEDIA_MAX_SDP_FMT 64
#define PJMEDIA_MAX_SDP_ATTR 256

/* libsrtp tests all its ciphers when it is begun: 26 of the 39 ms that a phone took to start, or to take its first call.
 * The server of the phones begins it once, and what it forks need not. */
#define PJMEDIA_LIBSRTP_AUTO_INIT_DEINIT 0

#define PJMEDIA_HAS_VIDEO 0
