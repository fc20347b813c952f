/*  Why a broker did not do what it was asked, and what to do, for people. */
#ifndef MDCTL_WHY_H
#define MDCTL_WHY_H

#define MDCTL_WHY 1024

/*  Of a code of three digits that is not 200. */
const char *mdctl_why_code (int code);
/*  rc: of keel_client_request and its like, or minus a code. brokers: those that were asked, each for timeout_ms. */
void mdctl_why (int rc, const char *brokers, int timeout_ms, char words[MDCTL_WHY]);

#endif
