/*  Marks what libkeel exports: everything else in it is hidden. */
#ifndef KEEL_EXPORT_H
#define KEEL_EXPORT_H

#define KEEL_EXPORT __attribute__ ((visibility ("default")))

#endif
