#include "mdctl_why.h"

#include <keel/error.h>

#include <stdio.h>

const char *
mdctl_why_code (int code)
{
    switch (code) {
    case 400:
        return "the broker does not take such a request; is it of another version?";
    case 403:
        return "not allowed at this endpoint; use one that the broker was given with --admin";
    case 404:
        return "the broker has no such service, neither a worker nor a request for it; see `mdctl services`";
    case 501:
        return "the broker does not know this command; is it not of a pair, older than mdctl, or not Keel's?";
    case 503:
        return "the broker has no room for it now; try again";
    default:
        return "unexpected; is this a broker of Keel?";
    }
}

void
mdctl_why (int rc, const char *brokers, int timeout_ms, char words[MDCTL_WHY])
{
    if (rc <= -100)
        snprintf (words, MDCTL_WHY, "%d, %s", -rc, mdctl_why_code (-rc));
    else if (rc == KEEL_E_NO_BROKER)
        snprintf (words, MDCTL_WHY, "nothing was heard from a broker at %s; is one running there?", brokers);
    else if (rc == KEEL_E_TIMEOUT)
        snprintf (words, MDCTL_WHY, "no answer from %s within %d msec; is a broker of Keel there?", brokers,
                  timeout_ms);
    else
        snprintf (words, MDCTL_WHY, "cannot ask %s: %s", brokers, keel_strerror (rc));
}
