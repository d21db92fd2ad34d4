package com.example.orders;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.connectctl.junit5.ConnectServerHandle;
import org.apache.spark.sql.connect.SparkSession;
import org.junit.jupiter.api.Test;

@SmallSpark
class AccessTest {
    private static String hello(String url) {
        SparkSession spark = SparkSession.builder().remote(url).create();
        try {
            return spark.sql("select 'hello'").collectAsList().get(0).getString(0);
        } finally {
            spark.stop();
        }
    }

    @Test
    void clientWithTheTokenIsAnswered(ConnectServerHandle server) {
        assertEquals("hello", hello(server.urlWithToken()));
    }

    @Test
    void clientWithoutTheTokenIsRefused(ConnectServerHandle server) {
        Exception refusal = assertThrows(Exception.class, () -> hello(server.url()));

        assertTrue(refusal.getMessage().contains("UNAUTHENTICATED"), refusal.getMessage());
    }
}
