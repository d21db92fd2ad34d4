package com.example.orders;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.connectctl.junit5.ConnectServer;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.connect.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@SmallSpark
class OrdersTest {
    private SparkSession spark;

    /** A session for each test: what one does to its views and settings, no other sees. */
    @BeforeEach
    void connect(@ConnectServer String url) {
        spark = SparkSession.builder().remote(url).create();
    }

    @AfterEach
    void disconnect() {
        spark.stop();
    }

    @Test
    void totalsAreCountedByCustomer() {
        spark.sql(
                "create temporary view orders as select * from values ('ada', 3), ('ada', 4), ('bob', 5) as orders(customer, amount)");

        List<Row> totals = spark.sql("select customer, sum(amount) from orders group by customer order by customer")
                .collectAsList();

        assertEquals("ada", totals.get(0).getString(0));
        assertEquals(7, totals.get(0).getLong(1));
        assertEquals(5, totals.get(1).getLong(1));
    }
}
