/* What pjproject is built with, where its own defaults are those of one soft phone. See README.md for what was measured.
 * Assertions stay on: a phone in a state that its library holds impossible ends with the library's own words.
 */

/* A process is one phone. It takes so many calls at once (4 by default; a larger number at run time is clamped in silence).
 * What stands here is set to zero, page by page, by every phone that starts: 512 calls would cost it 7 ms. */
#define PJSUA_MAX_CALLS 64

/* What it records: one file a call. */
#define PJSUA_MAX_RECORDERS 64

/* The sockets of calls, two each. Where none is left the process is aborted, and a closed one keeps its place for 500 ms
 * by default: 1,000 INVITEs refused within 0.5 s would take 2,000 places, and a phone that starts makes each of them. */
#define PJ_IOQUEUE_MAX_HANDLES 1024
#define PJ_IOQUEUE_KEY_FREE_DELAY 20

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
