package io.connectctl.manager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LeasedTest {
    private static final String SERVER = "lease-0badcafe";

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "run | false | `connectctl start lease-0badcafe --driver-memory 1g` | `connectctl run --driver-memory 1g`",
                "run | false | mend it, then: connectctl start lease-0badcafe | mend it, then: connectctl run",
                "lease | false | or restart: connectctl restart lease-0badcafe --conf a=b | or restart: connectctl lease --conf a=b",
                "pool create ci | false | connectctl start lease-0badcafe --spark 4.0.1 | connectctl pool create ci --spark 4.0.1",
                "run | false | see: connectctl logs lease-0badcafe | see: connectctl run --logs-on-failure (shows the log)",
                "run | false | no log: nothing was launched; what led to it: connectctl events lease-0badcafe | no log: nothing was launched",
                "run | true  | see: connectctl logs lease-0badcafe | see: connectctl logs lease-0badcafe",
                "run | true  | end it: connectctl stop lease-0badcafe | end it: connectctl release 0badcafe",
                "run | false | start it; it is tried again until: connectctl stop lease-0badcafe | start it",
                "run | true  | it is tried again until: connectctl stop lease-0badcafe | it is tried again until: connectctl release 0badcafe",
                "run | false | connectctl start lease-0badcafe1 is another | connectctl start lease-0badcafe1 is another",
            })
    void aRemedyNamesWhatCanBeDoneAboutALease(String again, boolean kept, String said, String told) {
        assertThat(Leased.reworded(said, SERVER, "0badcafe", "connectctl " + again, kept))
                .isEqualTo(told);
    }
}
