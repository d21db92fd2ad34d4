package io.connectctl.compose.spec.lint;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.Problem;
import io.connectctl.compose.spec.Rule;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.SparkVersion;
import io.connectctl.compose.spec.SpecReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinterTest {
    private static final ServerName SALES = new ServerName("sales");

    @Test
    void theTableOfRulesIsTheRegistry() throws IOException {
        String root = Objects.requireNonNull(System.getProperty("connectctl.root"));
        String page = Files.readString(Path.of(root, "docs", "rules.md"));

        List<String> rows = Pattern.compile("(?m)^\\| `.*$")
                .matcher(page)
                .results()
                .map(MatchResult::group)
                .toList();

        assertThat(rows)
                .containsExactlyElementsOf(Stream.of(Rule.values())
                        .map(rule -> "| `" + rule.id() + "` | "
                                + rule.severity().name().toLowerCase(Locale.ROOT) + " | " + rule.says() + " | "
                                + rule.remedy() + " |")
                        .toList());
    }

    @Test
    void aStartIsWarnedOfWhatSparkWouldRefuse() {
        SpecReader.Reading refused =
                read("{'conf':{'spark.driver.maxResultSize':'2 GB','spark.sql.shufle.partitions':'8'}}");
        SpecReader.Reading advised =
                read("{'conf':{'spark.sql.catalog.lake.warehouse':'/data','spark.history.ui.port':'x'}}");

        assertThat(refused.spec()).isPresent();
        assertThat(refused.problems()).extracting(Problem::severity).containsOnly(Problem.Severity.WARNING);
        assertThat(refused.problems()).extracting(Problem::rule).contains(Rule.VALUE_TYPE);
        assertThat(refused.problems()).extracting(Problem::suggestion).contains(Optional.of("2g"));
        assertThat(advised.spec()).isPresent();
    }

    @Test
    void aSecretIsNeverShown() {
        SpecReader.Reading reading = read("{'conf':{'spark.sql.shuffle.partitions':'password=hunter22'}}");

        assertThat(reading.problems().toString()).contains("value").doesNotContain("hunter22");
    }

    @ParameterizedTest
    @CsvSource({
        "4.0.1, spark.sql.shuffle.partitions, int>0",
        "4.0.3, spark.executor.memory, bytes:m",
        "3.5.7, spark.kubernetes.allocation.batch.size, int>0",
        "4.1.2, spark.yarn.maxAppAttempts, int",
        "3.4.1, spark.sql.ansi.enabled, boolean"
    })
    void aKeyIsKnownByTheLineOfItsVersion(String version, String key, String type) {
        SparkKeys keys = SparkKeys.of(SparkVersion.parse(version)).orElseThrow();

        assertThat(keys.find(key).map(SparkKeys.Key::type)).contains(type);
    }

    @Test
    void aLineThatIsNotCataloguedIsSaidToBeSo() {
        assertThat(SparkKeys.of(SparkVersion.parse("5.0.0"))).isEmpty();
        assertThat(SparkKeys.of(SparkVersion.parse("3.3.0"))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "bytes:b, 64m, true",
        "bytes:b, 64 m, false",
        "bytes:b, -1, true",
        "bytes:b, 1.5g, false",
        "bytes:b, 64mib, false",
        "time:s, 5min, true",
        "time:s, 5minutes, false",
        "int, 8, true",
        "int, 3000000000, false",
        "long, 3000000000, true",
        "boolean, TRUE, true",
        "boolean, yes, false",
        "anycase:A|B, b, true",
        "enum:A|B, b, false"
    })
    void aValueIsReadAsSparkReadsIt(String type, String value, boolean accepted) {
        assertThat(ValueType.of(type).orElseThrow().accepts(value)).isEqualTo(accepted);
    }

    @ParameterizedTest
    @CsvSource({
        "bytes:b, 2 GiB, 2g",
        "bytes:m, 1.5g, 1536m",
        "time:s, 2 minutes, 2min",
        "time:ms, 10sec, 10s",
        "boolean, yes, true",
        "'int>0', '1,000', 1000"
    })
    void aWrongValueIsAnsweredWithTheOneThatWasMeant(String type, String value, String meant) {
        assertThat(ValueType.of(type).orElseThrow().suggestion(value)).contains(meant);
    }

    private static SpecReader.Reading read(String json) {
        return Linter.read(SALES, Declaration.ofJson(json.replace('\'', '"')));
    }
}
