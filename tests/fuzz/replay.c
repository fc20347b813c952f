/*  Runs a fuzz target over files instead of a fuzzer: the corpus, in every test run.
 *
 *      replay_NAME FILE-OR-FOLDER...
 */
#include "input.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static int
run_file (const char *path)
{
    FILE *file = fopen (path, "rb");
    uint8_t *data = malloc (1 << 20);
    if (!file || !data) {
        perror (path);
        exit (EXIT_FAILURE);
    }
    size_t size = fread (data, 1, 1 << 20, file);
    fclose (file);
    /*  An allocation of the right size: a byte too far is seen. */
    uint8_t *exact = realloc (data, size ? size : 1);
    LLVMFuzzerTestOneInput (exact, size);
    free (exact);
    return 1;
}

static int
run_path (const char *path)
{
    struct stat about;
    if (stat (path, &about) != 0) {
        perror (path);
        exit (EXIT_FAILURE);
    }
    if (!S_ISDIR (about.st_mode))
        return run_file (path);
    DIR *folder = opendir (path);
    struct dirent *entry;
    int count = 0;
    while (folder && (entry = readdir (folder))) {
        char inner[4096];
        snprintf (inner, sizeof (inner), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.')
            count += run_path (inner);
    }
    if (folder)
        closedir (folder);
    return count;
}

int
main (int argc, char **argv)
{
    int count = 0;
    for (int n = 1; n < argc; n++)
        count += run_path (argv[n]);
    printf ("%d inputs\n", count);
    return count ? EXIT_SUCCESS : EXIT_FAILURE;
}
